import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import { RefusalError, refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { OutputOf } from '../protocol/operations.ts';

/** Settings that an editor may choose, by their ids; each is a field of `sessions.patch`. */
const choosable = ['mode', 'model', 'effort'] as const;
type Choosable = (typeof choosable)[number];

const shown: Record<Choosable, { name: string; category: acp.SessionConfigOptionCategory }> = {
  mode: { name: 'Mode', category: 'mode' },
  model: { name: 'Model', category: 'model' },
  effort: { name: 'Effort', category: 'thought_level' },
};

type Found = NonNullable<OutputOf<'agents.probe'>['agents'][number]['found']>;
export type Offers = Pick<Found, 'models' | 'modes' | 'efforts'>;
type Offered = NonNullable<Offers['models']>;

/** What is in force of them. */
export type Chosen = Pick<SessionRow, Choosable | 'modelInForce'>;

const noOffers: Offers = { models: null, modes: null, efforts: null };

/** Value of what was never chosen, where the agent does not tell what holds then. */
const agentsOwn = 'turnkeep:default';

/** What an agent offers. One that cannot be asked offers nothing; why shows when it is to work. */
export async function offersOf(client: Client, agent: string): Promise<Offers> {
  const { agents } = await client.agents.probe({ agent }).catch((error: unknown) => {
    // Who may only look starts no programs, and sees what is known.
    if (error instanceof RefusalError && error.refusal.code === 'forbidden') {
      return client.agents.list();
    }
    throw error;
  });
  return agents.find(({ name }) => name === agent)?.found ?? noOffers;
}

export function configOptions(offers: Offers, chosen: Chosen): acp.SessionConfigOption[] {
  return choosable.flatMap((id): acp.SessionConfigOption[] => {
    const select = selectOf(offeredFor(offers, id, chosen), wish(id, chosen));
    return select === null ? [] : [{ type: 'select', id, ...shown[id], ...select }];
  });
}

/** The modes once more, as editors read them that know no options. */
export function modesOf(offers: Offers, chosen: Chosen): acp.SessionModeState | null {
  const select = selectOf(offers.modes, wish('mode', chosen));
  if (select === null) return null;
  const availableModes = select.options.map(({ value, ...mode }) => ({ id: value, ...mode }));
  return { currentModeId: select.currentValue, availableModes };
}

/** The patch by which an option gets a value. */
export function patchOf(id: string, value: unknown): { [Name in Choosable]?: string | null } {
  const setting = choosable.find((name) => name === id);
  if (setting === undefined) {
    const message = `There is no option ${JSON.stringify(id.slice(0, 100))}: choose one of ${choosable.join(', ')}.`;
    throw refuse('invalid', message, { field: 'configId' });
  }
  if (typeof value !== 'string') {
    throw refuse('invalid', 'The value of this option is a text.', { field: 'value' });
  }
  return { [setting]: value === agentsOwn ? null : value };
}

/** The last wish; of the model, without one, what the agent told that it works with. */
function wish(id: Choosable, chosen: Chosen): string | null {
  return chosen[id] ?? (id === 'model' ? (chosen.modelInForce?.id ?? null) : null);
}

/** Efforts are those of the model where the agent tells them by model. */
function offeredFor(offers: Offers, id: Choosable, chosen: Chosen): Offered | null {
  if (id === 'mode') return offers.modes;
  if (id === 'model') return offers.models;
  const model = wish('model', chosen) ?? offers.models?.default;
  const of = offers.models?.values.find((one) => one.id === model || one.resolves === model);
  if (of?.efforts === undefined) return offers.efforts;
  const named = new Map(offers.efforts?.values.map((value) => [value.id, value]));
  const values = of.efforts.map((effort) => named.get(effort) ?? { id: effort, name: effort });
  return { values, default: offers.efforts?.default ?? null, complete: true };
}

function selectOf(
  offered: Offered | null,
  wished: string | null,
): { currentValue: string; options: acp.SessionConfigSelectOption[] } | null {
  if (offered === null || offered.values.length === 0) return null;
  const options = offered.values.map(({ id, name, description }) => ({
    value: id,
    name,
    ...(description === undefined ? {} : { description }),
  }));
  if (offered.default === null) options.unshift({ value: agentsOwn, name: "The agent's own" });
  const resolved = offered.values.find(({ id, resolves }) => id === wished || resolves === wished);
  const currentValue = resolved?.id ?? wished ?? offered.default ?? agentsOwn;
  if (!options.some(({ value }) => value === currentValue)) {
    options.push({ value: currentValue, name: currentValue });
  }
  return { currentValue, options };
}
