import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Dialog } from './dialog.tsx';

export interface PaletteProps {
  words: string;
  setWords: (words: string) => void;
  close: () => void;
}

export const paletteName = 'Commands';
export const paletteWish = 'What is to be done, or a session';

const Palette = lazy(() => import('./palette.tsx').then((file) => ({ default: file.Palette })));

/** The palette comes when it is first asked for; what is typed meanwhile is not lost, and is no shortcut. */
export function PaletteDialog({ close }: { close: () => void }): ReactNode {
  const [words, setWords] = useState('');
  const field = (
    <input
      autoFocus
      className="palette-field"
      aria-label={paletteName}
      placeholder={paletteWish}
      value={words}
      onChange={(event) => setWords(event.target.value)}
    />
  );
  return (
    <Dialog name={paletteName} className="dialog palette" close={close}>
      <Suspense fallback={field}>
        <Palette words={words} setWords={setWords} close={close} />
      </Suspense>
    </Dialog>
  );
}
