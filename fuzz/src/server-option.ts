/**
 * `--server connect` or `--server framed`, for everything that this process loads
 * and starts: the first import of a program, since others look at the environment
 * while they are loaded.
 */
const { argv, env } = process;
const at = argv.indexOf("--server");
const name = at < 0 ? argv.find((one) => one.startsWith("--server="))?.slice("--server=".length) : argv[at + 1];
// What is no server's name is told when the options are read.
if (name === "connect" || name === "framed") env["KLOSET_SERVER"] = name;
