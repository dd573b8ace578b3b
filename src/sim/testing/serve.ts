import type { ApiHandler, UserInfo } from '#apiserver/contract.ts'
import type { HttpResponse } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import { listenOnLoopback } from '#main/loopback.ts'
import type { SimulatedCluster } from '../cluster.ts'

export interface ServeOptions {
  /** On the loopback address; default: any free one. */
  readonly port?: number
  /**
   * `asked` (default): time moves by `advance` and `until` only, and waits at each step until clients have done what follows from it. `real`: it
   * passes as the machine's does, `speed` times as fast.
   */
  readonly time?: 'asked' | 'real'
  readonly speed?: number
}

export interface Served {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  /** PEM of the authority by which the server is known. */
  readonly authority: string
  /** Text of a kubeconfig: of the administrator, or of any user whom roles may be bound to. */
  kubeconfig(user?: ServedUser): string
  close(): Promise<void>
}

/** A user as RBAC sees one: `{ name: 'system:serviceaccount:shop:operator' }` is in its groups by itself. */
export interface ServedUser {
  readonly name: string
  readonly groups?: readonly string[]
}

/** What clients outside the process do, as far as the time has to wait for it. */
export interface Outside {
  /** Resolves when nothing has been asked or told for a moment of real time; at once where nothing was since the last call. */
  quiet(): Promise<void>
}

/** Listens, and tells users apart by tokens of its own; whoever brings another token is for the API server to know. */
export async function serveCluster(
  cluster: SimulatedCluster,
  port: number,
  settleSoon: () => void,
): Promise<Omit<Served, 'close'> & Outside & { close(): Promise<void> }> {
  const users = new Map<string, UserInfo>()
  const random = cluster.random.fork('tokens')
  let [active, activity, seen] = [0, 0, 0]

  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      activity += 1
      yield chunk
    }
  }

  const handler: ApiHandler = async (request, caller) => {
    active += 1
    activity += 1
    try {
      const user = users.get(request.headers['authorization'] ?? '')
      const { authorization: _known, ...headers } = request.headers
      // Read once: a getter of it makes a signal whenever it is asked.
      const { signal } = request
      const own = user === undefined ? request : { ...request, headers, ...(signal && { signal }) }
      const response: HttpResponse = await cluster.answer(own, { ...caller, ...(user && { user }) }, user?.name ?? 'client')
      return response.body instanceof Uint8Array ? response : { ...response, body: counted(response.body) }
    } finally {
      active -= 1
      activity += 1
      settleSoon()
    }
  }

  const listening = await listenOnLoopback({ handler, log: silentLog, port })
  const url = `https://127.0.0.1:${listening.port}`
  return {
    url,
    port: listening.port,
    authority: listening.authority,
    kubeconfig(user = { name: 'kubernetes-admin', groups: ['system:masters'] }) {
      const token = Buffer.from(random.bytes(24)).toString('base64url')
      users.set(`Bearer ${token}`, { name: user.name, groups: groupsOf(user) })
      return kubeconfigOf(url, listening.authority, user.name, token)
    },
    async quiet() {
      if (active === 0 && activity === seen) return
      const limit = performance.now() + longestMs
      do {
        seen = activity
        await new Promise((resolve) => setTimeout(resolve, quietMs))
      } while ((active > 0 || activity !== seen) && performance.now() < limit)
      seen = activity
    },
    close: () => listening.close(),
  }
}

/** A client on the same machine that has something to do begins it sooner. */
const quietMs = 25
/** A client that asks again and again without waiting is not waited for. */
const longestMs = 5_000

function groupsOf({ name, groups = [] }: ServedUser): readonly string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name)
  const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
  return [...new Set([...groups, ...own, 'system:authenticated'])]
}

/** JSON, which is YAML too. */
const kubeconfigOf = (server: string, authority: string, user: string, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'wherry', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'wherry', context: { cluster: 'wherry', user } }],
    'current-context': 'wherry',
  })
