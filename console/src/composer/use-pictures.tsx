import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Icon } from '../parts/icon.tsx';
import { oneLine } from '../text/harmless.ts';
import { type Attached, mostPictures, picturesIn } from './pictures.ts';

interface Pictures {
  attached: readonly Attached[];
  add: (data: DataTransfer) => void;
  clear: () => void;
  /** They as they stand above the field; nothing where there are none. */
  list: ReactNode;
}

/** Pictures that were pasted or dropped, until they are sent. */
export function usePictures({
  takes,
  say,
}: {
  /** The agent reads pictures. */
  takes: boolean;
  say: (problem: string | null) => void;
}): Pictures {
  const [attached, setAttached] = useState<readonly Attached[]>([]);
  const latest = useRef(attached);
  useEffect(() => {
    latest.current = attached;
  });
  useEffect(() => () => latest.current.forEach(({ address }) => URL.revokeObjectURL(address)), []);
  const add = (data: DataTransfer) => {
    const { files, problem } = picturesIn(data);
    if (!takes) return say('This agent takes no pictures.');
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
    setAttached((now) => [...now, ...fresh]);
  };
  const drop = (gone: readonly Attached[]) => {
    for (const { address } of gone) URL.revokeObjectURL(address);
    setAttached((now) => now.filter((one) => !gone.includes(one)));
  };
  const list = attached.length > 0 && (
    <ul className="attached" aria-label="Pictures that go along">
      {attached.map((one) => (
        <li key={one.address}>
          <img src={one.address} alt={oneLine(one.name, 80)} />
          <button
            type="button"
            className="quiet icon"
            aria-label={`Take ${oneLine(one.name, 80)} away`}
            onClick={() => drop([one])}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
  return { attached, add, clear: () => drop(attached), list };
}
