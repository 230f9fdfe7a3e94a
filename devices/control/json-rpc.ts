/** JSON-RPC 2.0 without its transport: a message in, an answer out. */

export const RPC_PARSE_ERROR = -32700;
export const RPC_INVALID_REQUEST = -32600;
export const RPC_METHOD_NOT_FOUND = -32601;
export const RPC_INVALID_PARAMS = -32602;
export const RPC_INTERNAL_ERROR = -32603;
/** The server has understood and refuses: `message` says why, for the user. */
export const RPC_REFUSED = -32000;

export type RpcParams = Readonly<Record<string, unknown>>;

/** One connected client, as a method sees it. */
export interface RpcPeer {
  notify(method: string, params: object): void;
  /** `sent` runs when the bytes have left for the client, or never will. */
  sendBinary(bytes: Uint8Array, sent?: () => void): void;
  /** Runs for each binary message of the client, in its order with the others. Without, they are no requests. */
  onBinary(run: (bytes: Uint8Array) => void): void;
  /** Bytes that wait to be written to the client: a slow reader. */
  readonly backlogBytes: number;
  /** Runs when the client has gone. */
  onClose(run: () => void): void;
  /** Ends the connection at once. */
  terminate(): void;
}

export type RpcMethod = (params: RpcParams, peer: RpcPeer) => unknown;
export type RpcMethods = Readonly<Record<string, RpcMethod>>;

/** What a method throws to have its caller see the message, and what a client's call rejects with. */
export class RpcError extends Error {
  /** One of the RPC_… constants. */
  readonly code: number;
  /** For programs: what `message` says to people. */
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

export function refuse(message: string, data?: unknown): RpcError {
  return new RpcError(RPC_REFUSED, message, data);
}

export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_INVALID_PARAMS, message);
}

/** Runs the method that `text` asks for. Resolves to the answer's text; undefined for a notification. Never rejects. */
export async function answerRpc(text: string, methods: RpcMethods, peer: RpcPeer): Promise<string | undefined> {
  const answer = (id: unknown, body: object) => JSON.stringify({ jsonrpc: '2.0', id, ...body });
  let request: { jsonrpc?: unknown; id?: unknown; method?: unknown; params?: unknown } | null;
  try {
    request = JSON.parse(text);
  } catch {
    return answer(null, { error: { code: RPC_PARSE_ERROR, message: 'not JSON' } });
  }
  const id = request?.id;
  if (request?.jsonrpc !== '2.0' || typeof request.method !== 'string' || !isParams(request.params)) {
    return answer(id ?? null, { error: { code: RPC_INVALID_REQUEST, message: 'not a JSON-RPC 2.0 request' } });
  }
  try {
    const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (method === undefined) throw new RpcError(RPC_METHOD_NOT_FOUND, `no method ${request.method}`);
    const result = await method(request.params ?? {}, peer);
    return id === undefined ? undefined : answer(id, { result: result ?? null });
  } catch (error) {
    if (id === undefined) return undefined;
    const { code, data } = error instanceof RpcError ? error : { code: RPC_INTERNAL_ERROR, data: undefined };
    return answer(id, { error: { code, message: error instanceof Error ? error.message : String(error), data } });
  }
}

/** What is used of a WebSocket; `ws` has this shape. */
export interface RpcSocket {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, sent?: () => void): void;
  terminate(): void;
  on(event: 'message', run: (data: Uint8Array, isBinary: boolean) => void): unknown;
  on(event: 'close' | 'error', run: () => void): unknown;
}

/** Answers one client's requests until it goes. */
export function serveRpc(socket: RpcSocket, methods: RpcMethods): void {
  const closers: (() => void)[] = [];
  let receive: ((bytes: Uint8Array) => void) | undefined;
  const peer: RpcPeer = {
    notify: (method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', method, params })),
    sendBinary: (bytes, sent) => socket.send(bytes, sent),
    onBinary: (run) => {
      receive = run;
    },
    get backlogBytes() {
      return socket.bufferedAmount;
    },
    onClose: (run) => closers.push(run),
    terminate: () => socket.terminate(),
  };
  socket.on('message', async (data, isBinary) => {
    if (isBinary && receive !== undefined) {
      receive(data);
      return;
    }
    const answer = await answerRpc(isBinary ? '' : data.toString(), methods, peer);
    if (answer !== undefined) socket.send(answer);
  });
  socket.on('close', () => {
    for (const run of closers) run();
  });
  socket.on('error', () => socket.terminate());
}

function isParams(value: unknown): value is RpcParams | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value));
}
