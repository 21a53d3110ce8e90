/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** It was carried out, and what it asks about is not well: a run failed, a check failed. */
  notWell: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The app refused: unknown, conflicting or not valid. */
  refused: 3,
  /** Key, token or role are missing or not enough. */
  notAllowed: 4,
  /** The app, or a part that it needs, cannot be reached now. */
  unavailable: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export const EXIT_CODES_TEXT = `Exit codes
  0  done, and well
  1  done, but what it is about is not well: the run failed, a check failed
  2  the command line is wrong
  3  refused: unknown, conflicting or not valid
  4  not allowed: key, token or role are missing or not enough
  5  the app, or a part that it needs, cannot be reached now
  130  interrupted`;
