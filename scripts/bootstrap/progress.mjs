/** Plain lines on standard error, so that piping a command's own output stays possible. */
export const say = (text) => process.stderr.write(`[set-up] ${text}\n`);

export const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A fault the user can mend: what is missing, and the remedy. */
export class SetupError extends Error {
  constructor(problem, remedy) {
    super(`${problem}\n         ${remedy}`);
    this.name = "SetupError";
  }
}
