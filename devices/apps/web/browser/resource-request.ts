/** What a page load asks for: the page itself, and each thing that it needs. */
import type { FetchedResource, FetchPriority } from '../../../control/rpc.js';
import type { HeaderList } from '../client/message.js';
import type { ReferrerPolicy } from '../referrer.js';
import type { RequestBody } from './form.js';

/** The document or the style sheet on whose behalf something is asked for. */
export interface RequestClient {
  readonly url: URL;
  readonly referrerPolicy: ReferrerPolicy;
  /** The page in the window, which frames stand in. */
  readonly topUrl: URL;
}

export interface ResourceRequest {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  /** The caller's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** `document`, or the tag that asked. */
  readonly initiator: string;
  /** Absent for what a person has typed. */
  readonly client?: RequestClient;
  /** It has gone through another origin, which may have sent it anywhere: who asks is no longer told. */
  readonly isTainted?: boolean;
  readonly priority: FetchPriority;
  /** The page is not shown before it is there. */
  readonly blocking: boolean;
  /** It goes into the window or a frame: a document. */
  readonly navigation: boolean;
  /** By the rules of CORS: another origin is told who asks. */
  readonly cors: boolean;
  /** The server is asked even about what is fresh: the page in the window is loaded again. */
  readonly validate?: boolean;
  /** So much of the body is wanted for reading. */
  readonly readBytes: number;
}

/** What came of it, after its redirects. */
export interface Loaded {
  readonly resource: FetchedResource;
  /** Where it was found. */
  readonly url: URL;
  /** Absent when no response came. */
  readonly response?: LoadedResponse;
}

export interface LoadedResponse {
  readonly status: number;
  readonly headers: HeaderList;
  /** The beginning of the body, as much as was wanted. */
  readonly beginning: Uint8Array;
}
