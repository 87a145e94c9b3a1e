import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from '../parts/icon.tsx';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { type Attached, mostPictures, picturesIn } from './pictures.ts';

interface Pictures {
  attached: readonly Attached[];
  add: (data: DataTransfer) => void;
  /** They as they stand above the field; nothing where there are none. */
  list: ReactNode;
}

interface Options {
  /** The agent reads pictures. */
  takes: boolean;
  say: (problem: string | null) => void;
}

const untaken =
  'This agent takes no pictures. Put them into its directory and name them with @, or describe them.';

/** Pictures that were pasted or dropped for a session, until they are sent. */
export function usePictures(session: string, { takes, say }: Options): Pictures {
  const { drafts } = useConsole();
  useCell(drafts.pictures);
  const attached = drafts.picturesOf(session);
  const add = (data: DataTransfer) => {
    const { files, problem } = picturesIn(data);
    if (!takes) return say(untaken);
    if (problem !== null) return say(problem);
    if (files.length === 0) return say('Only pictures go along; name files with @.');
    if (attached.length + files.length > mostPictures)
      return say(`At most ${mostPictures} pictures go along.`);
    say(null);
    const fresh = files.map((file) => ({
      name: file.name,
      file,
      address: URL.createObjectURL(file),
    }));
    drafts.attach(session, fresh);
  };
  useDropped(add);
  const list = attached.length > 0 && (
    <ul className="attached" aria-label="Pictures that go along">
      {attached.map((one) => (
        <li key={one.address}>
          <img src={one.address} alt={oneLine(one.name, 80)} />
          <button
            type="button"
            className="quiet icon"
            aria-label={`Take ${oneLine(one.name, 80)} away`}
            onClick={() => drafts.takeAway(session, [one.address])}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
  return { attached, add, list };
}

/** Files may be dropped anywhere on the page; beside the field a browser would leave the page for them. */
function useDropped(add: (data: DataTransfer) => void): void {
  const take = useRef(add);
  useEffect(() => {
    take.current = add;
  });
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (event.dataTransfer === null || event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      take.current(event.dataTransfer);
    };
    window.addEventListener('dragover', over, { signal });
    window.addEventListener('drop', drop, { signal });
    return () => stop.abort();
  }, []);
}
