/**
 * The executable that buf runs: a request comes on standard input, the files go to standard output.
 *
 * @module
 */
import { runNodeJs } from "@bufbuild/protoplugin";
import { plugin } from "./plugin.js";

runNodeJs(plugin);
