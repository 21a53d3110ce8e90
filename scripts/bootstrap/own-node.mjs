import { join } from "node:path";

/** The Node that the lock file brings. On Windows `.bin` has only a script for shells, which no process can be made of. */
export const ownNode = (root) =>
  process.platform === "win32"
    ? join(root, "node_modules", "node", "bin", "node.exe")
    : join(root, "node_modules", ".bin", "node");
