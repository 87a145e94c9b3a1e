/**
 * Version 12: a login of a browser is a token that says when it was last used. Until then all of them had
 * one name and lived for thirty days after their use.
 */
export const schemaTwelve = `
ALTER TABLE tokens ADD COLUMN used_at TEXT;
UPDATE tokens SET used_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', expires_at, '-30 days'))
  WHERE name = 'console' AND scopes = '["view","drive","approve","manage"]' AND sessions IS NULL
  AND expires_at IS NOT NULL;
`;
