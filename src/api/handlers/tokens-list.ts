import type { Handler } from '../handler.ts';

/** The digest stays here too: what leads to a secret is shown to nobody. */
export const tokensList: Handler<'tokens.list'> = async (_input, { store }) => {
  const rows = await store.tokens.list();
  return {
    tokens: rows.map(({ digest: _digest, scopes, sessions, ...row }) => ({
      ...row,
      scopes: [...scopes],
      sessions: sessions === null ? null : [...sessions],
    })),
  };
};
