/**
 * `--server connect` or `--server framed`, for everything that this process loads
 * and starts: the first import of a program, since others look AT the environment
 * while they are loaded.
 */
const { argv, env } = process;
const AT = argv.indexOf("--server");
const name = AT < 0 ? argv.find((one) => one.startsWith("--server="))?.slice("--server=".length) : argv[AT + 1];
// What is no server's name is told when the options are read.
if (name === "connect" || name === "framed") env["KLOSET_SERVER"] = name;
