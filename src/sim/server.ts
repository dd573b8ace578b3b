import { generateKeyPairSync } from 'node:crypto'
import type { Caller, UserInfo } from '#apiserver/contract.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse, Transport } from '#lib/http.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { type Component, type ControlPlane, type ControlPlaneOptions, startControlPlane } from '#main/control-plane.ts'
import type { Store } from '#store/store.ts'
import { actingAs } from './actor.ts'
import type { SimulatedProcess } from './process.ts'
import { signingAuthority } from './signing-authority.ts'

export interface SimulatedServerOptions {
  readonly process: SimulatedProcess
  /** As this process reaches it. */
  readonly store: Store
  readonly random: Random
  readonly log: Log
  /** What runs beside the API server. Absent: everything. */
  readonly components?: readonly Component[] | undefined
  /** How soon a lost node is given up. Absent: as v1.36 has it. */
  readonly lostNodes?: LostNodeOptions | undefined
  /** What is on that is off by default. */
  readonly features?: FeatureSettings | undefined
  /** What lies between each part of the control plane, by name, and the API server. */
  readonly through: (transport: Transport, part: string) => Transport
}

/** What of a control plane turns on what is off by default. */
export type FeatureSettings = Pick<ControlPlaneOptions, 'featureGates' | 'runtimeConfig'>

/** What of a control plane decides when a lost node is given up. */
export type LostNodeOptions = Pick<ControlPlaneOptions, 'nodeMonitorGraceMs' | 'admissionPlugins'>

/** One server process: API server, controllers and scheduler. Its name is its identity as a leader. */
export interface SimulatedServer {
  readonly process: SimulatedProcess
  /** Takes connections: from the end of its start until it is killed or stopped. */
  readonly isServing: boolean
  /** Resolves when it serves; never, when it was killed before. */
  readonly serving: Promise<void>
  /** Resolves when its controllers have begun. */
  leading(): Promise<void>
  /** A connection from outside: it breaks when the process is killed. */
  connect(user: UserInfo, name: string): Transport
  /** The same of somebody who has yet to say who they are. */
  connectAs(caller: Caller, name: string): Transport
  stop(): Promise<void>
}

export function startSimulatedServer({
  process,
  store,
  random,
  log,
  components,
  lostNodes,
  features,
  through,
}: SimulatedServerOptions): SimulatedServer {
  let plane: ControlPlane | undefined
  const starting = startControlPlane({
    store,
    clock: process.clock,
    random,
    log,
    components,
    ...lostNodes,
    ...features,
    identity: process.name,
    ...clusterFacts,
    rootCa: 'simulated',
    serviceAccounts: { key: signingKey, publicKeys: [] },
    signingAuthority,
    dial: async () => {
      throw new WherryError('ServiceUnavailable', 'a simulated kubelet listens on no port')
    },
    // A part speaks to its own process' API server: it dies with it, and never sees a broken connection.
    through: (transport, part) => {
      const own = through(actingAs(transport, part, process.name), part)
      return (request) => process.call(() => own(request))
    },
  }).then((started) => {
    plane = started
    return started
  })
  starting.catch((error: unknown) => log.error('a server could not start', { server: process.name, error }))

  return {
    process,
    get isServing() {
      return plane !== undefined && process.isAlive
    },
    serving: starting.then(() => {}),
    leading: () => starting.then(({ leading }) => leading),
    connect: (user, name) => {
      if (plane === undefined) throw refused()
      return untilKilled(actingAs(plane.transportAs(user), name, undefined), process)
    },
    connectAs(caller, name) {
      if (plane === undefined) throw refused()
      const { handler } = plane
      return untilKilled(
        actingAs((request) => handler(request, caller), name, undefined),
        process,
      )
    },
    async stop() {
      const { stop } = await starting
      await stop()
      process.kill()
    },
  }
}

/** What every simulated cluster is made with. */
export const clusterFacts = {
  advertise: { address: '192.0.2.254', port: 6443 },
  podCIDR: '10.244.0.0/16',
  serviceCIDRs: ['10.96.0.0/16'],
  serviceAddress: '10.96.0.1',
  dnsAddress: '10.96.0.10',
  nodePorts: [30_000, 32_767],
} satisfies Partial<ControlPlaneOptions>

/** What a client meets where nobody listens. */
export const refused = (): WherryError => new WherryError('ServiceUnavailable', 'the connection was refused')

const broken = (): WherryError => new WherryError('ServiceUnavailable', 'the connection was closed')

/** An exchange with a process that is killed ends with a broken connection, whether it waits for the answer or reads it. */
function untilKilled(transport: Transport, process: SimulatedProcess): Transport {
  const orKilled = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!process.isAlive) throw refused()
    const ending = Promise.withResolvers<never>()
    const end = () => ending.reject(broken())
    process.killed.addEventListener('abort', end, { once: true })
    try {
      return await Promise.race([process.call(run), ending.promise])
    } finally {
      process.killed.removeEventListener('abort', end)
    }
  }
  async function* pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const iterator = body[Symbol.asyncIterator]()
    let ended = false
    try {
      for (;;) {
        const next = await orKilled(() => iterator.next())
        if (next.done) {
          ended = true
          return
        }
        yield next.value
      }
    } finally {
      // Not waited for: a body of a dead process never hears of it.
      if (!ended) void iterator.return?.()?.catch(() => undefined)
    }
  }
  return async (request): Promise<HttpResponse> => {
    const response = await orKilled(() => transport(request))
    return response.body instanceof Uint8Array ? response : { ...response, body: pieces(response.body) }
  }
}

/** Nothing in the history depends on it: tokens are not handed out to simulated containers. */
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
