import type { Json } from '../../domain/json.ts';
import { begin, giveUp, tell, type Part } from '../broken-text.ts';
import { countAt, listAt, memberAt, short, textAt } from '../shape.ts';
import type { OpenText, Reading } from './state.ts';

/** A text longer than this is no longer compared with a new attempt: what broke off stays incomplete. */
const comparedChars = 16 * 1024;
const openTexts = 16;

/** `item/agentMessage/delta` and `item/plan/delta`. */
export function readTextDelta(reading: Reading, params: Json): void {
  grow(reading, { params, part: 'text', section: 0 });
}

/** `item/reasoning/summaryTextDelta`: the sections of a summary are paragraphs. */
export function readSummaryDelta(reading: Reading, params: Json): void {
  grow(reading, { params, part: 'thought', section: countAt(params, 'summaryIndex') ?? 0 });
}

/** `item/reasoning/textDelta`: thoughts as they are, where a model shows them. */
export function readThoughtDelta(reading: Reading, params: Json): void {
  grow(reading, { params, part: 'thought', section: 'raw' });
}

interface Delta {
  params: Json;
  part: Part;
  section: OpenText['section'];
}

function grow(reading: Reading, { params, part, section }: Delta): void {
  const native = short(memberAt(params, 'itemId'), 1024) ?? '';
  const delta = textAt(params, 'delta');
  if (native === '' || delta === undefined) {
    return reading.unrecognized('a piece of a text without its place');
  }
  if (delta === '') return;
  const open = openText(reading, native) ?? { native, part, item: null, text: '', section };
  // A thought that is told twice, as a summary and as it is, is told as it began.
  if (open.part !== part || (open.section === 'raw') !== (section === 'raw')) return;
  const more = open.section !== section && open.text !== '' ? `\n\n${delta}` : delta;
  const whole = open.text === null ? null : open.text + more;
  const text = whole === null || whole.length > comparedChars ? null : whole;
  if (open.item !== null) {
    reading.emit({ type: 'text', item: open.item, part, delta: more });
    return keep(reading, { ...open, text, section });
  }
  const item = begin(reading, part, whole ?? more);
  keep(reading, { ...open, item, text, section });
}

/** A whole text: the end of the streamed one, or all of it at once. */
export function endText(reading: Reading, item: Json): void {
  const native = textAt(item, 'id') ?? '';
  const part = textAt(item, 'type') === 'reasoning' ? 'thought' : 'text';
  const open = openText(reading, native);
  const whole = part === 'text' ? (textAt(item, 'text') ?? '') : thoughtOf(item, open?.section);
  const begun = open?.item ?? null;
  forget(reading, native);
  if (begun === null) {
    if (whole !== '') reading.emit({ type: 'text_end', item: tell(reading, part, whole) });
    return;
  }
  const told = open?.text ?? null;
  const delta = told !== null && whole.startsWith(told) ? whole.slice(told.length) : '';
  if (delta !== '') reading.emit({ type: 'text', item: begun, part, delta });
  reading.emit({ type: 'text_end', item: begun });
}

/** All of a text or thought, where nothing of it was streamed; empty for what is neither. */
export function wholeText(item: Json): string {
  switch (textAt(item, 'type')) {
    case 'agentMessage':
    case 'plan':
      return textAt(item, 'text') ?? '';
    case 'reasoning':
      return thoughtOf(item, undefined);
    default:
      return '';
  }
}

function thoughtOf(item: Json, section: OpenText['section'] | undefined): string {
  const of = (key: string): string =>
    (listAt(item, key) ?? []).filter((text) => typeof text === 'string').join('\n\n');
  const summary = of('summary');
  return section === 'raw' || (section === undefined && summary === '') ? of('content') : summary;
}

/** The connection broke and the model is asked again: what is open is said once more, or stays incomplete. */
export function withdrawTexts(reading: Reading): void {
  for (const { item, part, text } of reading.state.texts) {
    // What only said again what had been withdrawn leaves that as it was.
    if (item === null) continue;
    giveUp(reading);
    if (text === null) reading.emit({ type: 'text_end', item, incomplete: true });
    else reading.change({ withdrawn: { item, part, text } });
  }
  reading.change({ texts: [] });
}

/** The turn is over: nothing is being said any more. What was not ended broke off. */
export function endTexts(reading: Reading): void {
  withdrawTexts(reading);
  giveUp(reading);
}

function openText(reading: Reading, native: string): OpenText | undefined {
  return reading.state.texts.find((open) => open.native === native);
}

function keep(reading: Reading, text: OpenText): void {
  const others = reading.state.texts.filter((open) => open.native !== text.native);
  const kept = [...others, text].slice(-openTexts);
  for (const { item } of others) {
    if (item !== null && !kept.some((open) => open.item === item)) {
      reading.emit({ type: 'text_end', item, incomplete: true });
    }
  }
  reading.change({ texts: kept });
}

function forget(reading: Reading, native: string): void {
  reading.change({ texts: reading.state.texts.filter((open) => open.native !== native) });
}
