import { kinds } from '#api/kinds.ts'
import type { Clock } from '#lib/clock.ts'
import type { Transport } from '#lib/http.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import { defaultAdmission } from './admission/defaults.ts'
import { inAdmissionOrder } from './admission/order.ts'
import type { AdmissionPlugin, Authorizer, UserInfo } from './contract.ts'
import { type ApiServer, type ApiServerOptions, createApiServer, type Stages } from './server.ts'

/** Who may do everything. */
export const admin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

/** What of a test's server differs from a plain one. */
export interface TestServerOptions {
  readonly clock: Clock
  readonly store?: Store
  readonly random?: Random
  /** A bearer token that stands for the administrator. */
  readonly token?: string
  readonly admission?: readonly AdmissionPlugin[]
  readonly handlers?: Stages['handlers']
  readonly kinds?: ApiServerOptions['kinds']
  readonly authorize?: Authorizer
  /** The way to extension API servers. */
  readonly aggregation?: Stages['aggregation']
  readonly log?: ApiServerOptions['log']
  /** Further options of the server, as they are. */
  readonly server?: Partial<ApiServerOptions>
}

/** An API server in memory, with all that tests look at. */
export interface TestServer extends ApiServer {
  readonly store: Store
  /** The administrator's transport. */
  readonly transport: Transport
}

/** An API server over a memory store in which members of system:masters may do everything: for tests of whatever speaks to one. */
export async function createTestServer(options: TestServerOptions): Promise<TestServer> {
  const store = options.store ?? createMemoryStore()
  const server = await createApiServer({
    store,
    kinds: options.kinds ?? kinds,
    clock: options.clock,
    random: options.random ?? seededRandom(1),
    stages: () => ({
      authenticate: async ({ headers }) =>
        options.token !== undefined && headers['authorization'] === `Bearer ${options.token}` ? admin : undefined,
      authorize: options.authorize ?? (async ({ user }) => ({ allowed: user.groups.includes('system:masters'), reason: '' })),
      admission: inAdmissionOrder([...defaultAdmission(), ...(options.admission ?? [])]),
      handlers: options.handlers ?? {},
      aggregation: options.aggregation,
    }),
    pools: { clusterIPs: ['10.96.0.0/12'], nodePorts: [30_000, 32_767] },
    version: { gitVersion: 'v1.36.3+wherry.0.1.0', gitCommit: '', buildDate: '1970-01-01T00:00:00Z' },
    advertiseAddress: '127.0.0.1:6443',
    allowAnonymous: true,
    log: options.log ?? (() => {}),
    ...options.server,
  })
  return { ...server, store, transport: server.transportAs(admin) }
}
