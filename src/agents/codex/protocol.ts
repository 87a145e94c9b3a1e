/**
 * What is sent to the app-server of Codex, by the types that `codex app-server generate-ts` of 0.169.0 gives,
 * as far as it is used. What comes from it is read member by member: nobody vouches for it.
 */

export type RequestId = string | number;

export interface InitializeParams {
  clientInfo: { name: string; title: string | null; version: string };
  capabilities: {
    experimentalApi: boolean;
    requestAttestation: boolean;
    optOutNotificationMethods: readonly string[];
  };
}

export type AskForApproval = 'untrusted' | 'on-request';
export type SandboxMode = 'read-only' | 'workspace-write';
export type SandboxPolicy =
  | { type: 'readOnly'; networkAccess: boolean }
  | {
      type: 'workspaceWrite';
      writableRoots: readonly string[];
      networkAccess: boolean;
      excludeTmpdirEnvVar: boolean;
      excludeSlashTmp: boolean;
    };

/** What `thread/start`, `thread/resume` and `thread/fork` have in common. */
export interface ThreadSettings {
  model?: string;
  cwd: string;
  runtimeWorkspaceRoots: readonly string[];
  approvalPolicy: AskForApproval;
  approvalsReviewer: 'user';
  sandbox: SandboxMode;
  config: { readonly [key: string]: unknown };
  baseInstructions?: string;
  developerInstructions?: string;
}

export type ThreadResumeParams = ThreadSettings & { threadId: string; excludeTurns: true };
export type ThreadForkParams = ThreadResumeParams & { lastTurnId?: string };

export interface ThreadSettingsUpdateParams {
  threadId: string;
  approvalPolicy?: AskForApproval;
  approvalsReviewer?: 'user';
  sandboxPolicy?: SandboxPolicy;
  model?: string;
  effort?: string;
}

export type UserInput =
  | { type: 'text'; text: string; text_elements: readonly never[] }
  | { type: 'image'; url: string };

export interface TurnStartParams {
  threadId: string;
  clientUserMessageId: string;
  input: readonly UserInput[];
}

export type TurnSteerParams = TurnStartParams & { expectedTurnId: string };

export interface TurnInterruptParams {
  threadId: string;
  /** Empty for a turn that is just being started. */
  turnId: string;
}

export type Decision = 'accept' | 'acceptForSession' | 'decline' | 'cancel';

export interface ElicitationAnswer {
  action: 'accept' | 'decline' | 'cancel';
  content: unknown;
  _meta: { persist: 'session' } | null;
}

export interface UserInputAnswer {
  answers: { readonly [question: string]: { answers: readonly string[] } };
}

export interface PermissionsAnswer {
  permissions: unknown;
  scope: 'turn' | 'session';
}
