import { openApi } from '../api/openapi.ts';
import { version } from './version.ts';

/** The description of the HTTP face, as `GET /v1/openapi.json` of a daemon of this version answers it. */
export function openApiText(): string {
  return JSON.stringify(openApi(version), null, 2);
}
