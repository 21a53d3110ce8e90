import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context";

const SCRIPTS = {
  bash: `_batchkeeper() {
  local IFS=$'\\n'
  COMPREPLY=($(batchkeeper __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _batchkeeper batchkeeper
`,
  zsh: `#compdef batchkeeper
_batchkeeper() {
  local -a found
  found=("\${(@f)$(batchkeeper __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _batchkeeper batchkeeper
`,
} as const;

type Shell = keyof typeof SCRIPTS;

/** Prints what a shell needs to complete commands and flags. */
export const completionCommand = buildCommand<Record<never, never>, [Shell], CliContext>({
  docs: {
    brief: "Print the completion of a shell: bash or zsh",
    fullDescription:
      'Print the completion of a shell: bash or zsh.\n\nExamples\n  eval "$(batchkeeper completion bash)"',
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash or zsh",
          placeholder: "shell",
          parse: (text: string): Shell => {
            if (text === "bash" || text === "zsh") return text;
            throw new SyntaxError(`"${text}": expected bash or zsh`);
          },
          proposeCompletions: () => Object.keys(SCRIPTS),
        },
      ],
    },
  },
  func(_flags, shell) {
    this.process.stdout.write(SCRIPTS[shell]);
  },
});
