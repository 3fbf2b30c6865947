/**
 * The executable that buf runs: it reads a request from standard input, and writes the files to standard output.
 *
 * @module
 */
import { runNodeJs } from "@bufbuild/protoplugin";
import { plugin } from "./plugin.js";

runNodeJs(plugin);
