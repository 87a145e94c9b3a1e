import type { ReactNode } from 'react';

/** The built-in agent does what stands in brackets, in its order. */
const examples: readonly { name: string; prompt: string }[] = [
  {
    name: 'Write a file and read it',
    prompt:
      'Show me what a run looks like.\n[[say I write a file, then I read it.]]\n[[write hello.txt|Hello from your first session.\\n]]\n[[run cat hello.txt]]\n[[say That was all.]]',
  },
  {
    name: 'Ask before a command',
    prompt:
      'Ask me before you run something.\n[[say I would like to look around.]]\n[[ask run ls -la]]\n[[say That is what is here.]]',
  },
];

interface Props {
  prompt: string;
  choose: (prompt: string) => void;
}

/** Prompts to begin with, as long as nobody has written one. They keep their place, so that nothing moves. */
export function Examples({ prompt, choose }: Props): ReactNode {
  const isOwn = prompt !== '' && examples.every((one) => one.prompt !== prompt);
  return (
    <p className={isOwn ? 'examples is-away' : 'examples'}>
      <span className="hint">To try it:</span>
      {examples.map(({ name, prompt }) => (
        <button key={name} type="button" className="pick" onClick={() => choose(prompt)}>
          {name}
        </button>
      ))}
    </p>
  );
}
