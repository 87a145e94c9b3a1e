export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What a shell reads to complete our command line. The shell only asks (`turnkeep __complete`) and shows:
 * which words there are is decided in one place for all three. The answer's first line says of what kind
 * they are (`words`, `files`, `directories`); the others are a word, a tab and what it is.
 *
 * Nothing of an answer is ever evaluated by the shell: labels and keys are written by others.
 */
export function completionScript(shell: Shell, command: readonly string[]): string {
  return scripts[shell](command.map(quoted).join(' '));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const scripts: Readonly<Record<Shell, (command: string) => string>> = {
  // COMP_WORDS is cut at : and =, which keys and settings have; so the line is sent as it is, and
  // what Bash has cut off is taken from the words again.
  bash: (command) => `# Completion of turnkeep for Bash: source <(turnkeep completion bash)
_turnkeep() {
  local before=\${COMP_LINE:0:COMP_POINT} kind word cut answer
  COMPREPLY=()
  answer=$(${command} __complete --line "$before" 2>/dev/null) || return 0
  {
    IFS= read -r kind
    case $kind in
      files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
      directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
      *)
        cut=\${before##*[[:space:]]}
        case $COMP_WORDBREAKS in
          *:*) cut=\${cut%"\${cut##*[:=]}"} ;;
          *) cut= ;;
        esac
        while IFS=$'\\t' read -r word _; do
          # Within quotes that are open nothing can be escaped for sure.
          [[ $2 == [\\"\\']* && $word == *[^A-Za-z0-9:_.-]* ]] && continue
          printf -v word %q "$word"
          COMPREPLY+=("\${word#"$cut"}")
        done ;;
    esac
  } <<< "$answer"
}
complete -F _turnkeep turnkeep
`,
  // Zsh gives words with their quotes; of the one that is typed, PREFIX has what stands in open ones.
  zsh: (command) => `#compdef turnkeep
# Completion of turnkeep for Zsh: source <(turnkeep completion zsh)
_turnkeep() {
  local line kind
  local -a answer found shown
  answer=("\${(@f)$(${command} __complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  kind=\${answer[1]}
  case $kind in
    files) _files; return ;;
    directories) _files -/; return ;;
  esac
  for line in "\${(@)answer[2,-1]}"; do
    [[ -z $line ]] && continue
    found+=("\${line%%$'\\t'*}")
    shown+=("\${line//$'\\t'/  }")
  done
  (( \${#found} )) && compadd -l -d shown -a found
}
compdef _turnkeep turnkeep
`,
  // Fish gives the word that is typed with its quotes, which may still be open.
  fish: (command) => `# Completion of turnkeep for Fish: turnkeep completion fish | source
function __turnkeep_complete
  set -l before (commandline -opc)
  set -l word (commandline -ct)
  set -l typed (string unescape -- $word; or string unescape -- $word\\"; or string unescape -- $word\\')
  set -l answer (${command} __complete -- $before[2..-1] "$typed" 2>/dev/null)
  switch "$answer[1]"
    case files
      __fish_complete_path (commandline -ct)
    case directories
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\\n' $answer[2..-1]
  end
end
complete -c turnkeep -f -a '(__turnkeep_complete)'
`,
};
