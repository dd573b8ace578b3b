import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import { systemClock } from '#host/clock.ts'
import { createGatewayTranslator } from '#router/gateway/translate-gateways.ts'
import type { Gateway, GatewayClass, HTTPRoute } from '#router/gateway/types.ts'
import { createFileWriter } from '#router/haproxy/configuration-files.ts'
import { createFingerprint } from '#router/haproxy/fingerprint.ts'
import { differenceOf } from '#router/haproxy/runtime-commands.ts'
import { createConfigurationWriter } from '#router/haproxy/write-configuration.ts'
import { createIngressTranslator } from '#router/ingress/translate-ingresses.ts'
import type { RouterView, Translation } from '#router/router-part.ts'
import { settingsAt } from '#router/testing/settings.ts'
import { inTurns, type Steps } from '#router/turns.ts'
import type { Figure, Row } from '../figure.ts'

const count = 10_000

/**
 * What a change costs the node agent where 10,000 Ingresses or HTTPRoutes with a Service each are served: from the objects to the commands for the
 * proxy. In processor time, and as the longest turn that everything else of the agent waited for.
 */
export const routerChanges: Figure = {
  name: 'router-changes',
  part: 'cluster',
  about: 'what a change of an endpoint and of a host costs the node agent with 10,000 Ingresses or HTTPRoutes',
  async measure({ terminal }) {
    const rows: Row[] = []
    for (const family of ['Ingresses', 'HTTPRoutes'] as const) {
      const world = worldOf(family)
      const cost = costOf(world.translate)
      const start = await cost()
      // The second look finds all that the first one made.
      await cost()
      world.addEndpoint()
      const endpoint = await cost()
      world.changeHost()
      const host = await cost()
      for (const [what, { busyMs, longestTurnMs }] of Object.entries({ start, endpoint, host })) {
        terminal(
          `  router: 10,000 ${family}, ${what}: ${busyMs.toFixed(1)} ms of processor time, longest turn ${longestTurnMs.toFixed(1)} ms`,
        )
        rows.push({ figure: `router: 10,000 ${family}, ${what}`, value: busyMs, unit: 'ms', better: 'less', beside: { longestTurnMs } })
      }
    }
    return rows
  },
}

/** Everything from objects to commands, as the router does it. */
function costOf(translate: () => Steps<Translation>) {
  const write = createConfigurationWriter(settingsAt('192.0.2.1'))
  const filesOf = createFileWriter('/d')
  const fingerprint = createFingerprint()
  let running: Parameters<typeof differenceOf>[0] | undefined
  return async () => {
    let longestTurnMs = 0
    let begunMs = processorMs()
    let isOver = false
    // A turn is what the loop does between two looks of this one.
    const look = (): void => {
      const nowMs = processorMs()
      longestTurnMs = Math.max(longestTurnMs, nowMs - begunMs)
      begunMs = nowMs
      if (!isOver) setImmediate(look)
    }
    setImmediate(look)
    const fromMs = processorMs()
    const { model } = await inTurns(translate(), systemClock)
    const { configuration } = await inTurns(write(model), systemClock)
    fingerprint(await inTurns(filesOf(configuration), systemClock))
    if (running !== undefined) differenceOf(running, configuration, new Set(), '/d')
    running = configuration
    isOver = true
    const busyMs = processorMs() - fromMs
    await new Promise((resolve) => setImmediate(resolve))
    return { busyMs, longestTurnMs }
  }
}

/** Of this thread: what other programs of the machine take is not counted. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function worldOf(family: 'Ingresses' | 'HTTPRoutes') {
  const services = new Map<string, Service>()
  const slices = new Map<string, readonly EndpointSlice[]>()
  let ingresses: readonly Ingress[] = Array.from({ length: count }, (_, index) => ingress(index, `h${index}.example`))
  let httpRoutes: readonly HTTPRoute[] = Array.from({ length: count }, (_, index) => httpRoute(index, `h${index}.example`))
  for (let index = 0; index < count; index += 1) {
    const name = `s${index}`
    services.set(name, {
      metadata: metaOf(name, index),
      spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] },
    } as unknown as Service)
    slices.set(name, [slice([`10.1.${index >> 8}.${index & 255}`, `10.2.${index >> 8}.${index & 255}`])])
  }
  const router: RouterView = {
    service: (name) => services.get(name),
    slices: (name) => slices.get(name) ?? [],
    secret: () => undefined,
    addresses: ['192.0.2.1'],
    taken: new Map(),
    portProblem: () => undefined,
    refusals: new Map(),
    isServing: true,
  }
  const classes = [{ metadata: { name: 'wherry' }, spec: { controller: 'wherry.dev/router' } } as unknown as IngressClass]
  const gatewayClasses = [{ metadata: metaOf('wherry', 0), spec: { controllerName: 'wherry.dev/router' } } as unknown as GatewayClass]
  const gateways = [
    {
      metadata: metaOf('web', 0),
      spec: {
        gatewayClassName: 'wherry',
        listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } }],
      },
    } as unknown as Gateway,
  ]
  const grants = [] as const
  const byIngress = createIngressTranslator({ http: 80, https: 443 })
  const byGateway = createGatewayTranslator()
  const noLabels = {}
  return {
    translate: () =>
      family === 'Ingresses'
        ? byIngress({ ingresses, classes, router })
        : byGateway(
            {
              ...router,
              classes: gatewayClasses,
              gateways,
              httpRoutes,
              grpcRoutes: [],
              tlsRoutes: [],
              grants,
              namespaceLabels: () => noLabels,
              bundleVersions: ['v1.7.0'],
            },
            '2026-01-01T00:00:00Z',
          ),
    addEndpoint: () => void slices.set('s5', [slice(['10.1.0.5', '10.2.0.5', '10.9.9.9'])]),
    changeHost() {
      ingresses = ingresses.with(7, ingress(7, 'other.example'))
      httpRoutes = httpRoutes.with(7, httpRoute(7, 'other.example'))
    },
  }
}

const metaOf = (name: string, index: number) => ({
  name,
  namespace: 'bench',
  uid: name,
  resourceVersion: String(index),
  generation: 1,
  creationTimestamp: new Date(1.7e12 + index * 1_000).toISOString().replace('.000', ''),
})

const slice = (addresses: readonly string[]): EndpointSlice =>
  ({
    addressType: 'IPv4',
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }) as unknown as EndpointSlice

const paths = ['/', '/api']

function ingress(index: number, host: string): Ingress {
  const backend = { service: { name: `s${index}`, port: { number: 80 } } }
  return {
    metadata: metaOf(`i${index}`, index),
    spec: { ingressClassName: 'wherry', rules: [{ host, http: { paths: paths.map((path) => ({ path, pathType: 'Prefix', backend })) } }] },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  } as unknown as Ingress
}

const httpRoute = (index: number, host: string): HTTPRoute =>
  ({
    metadata: metaOf(`r${index}`, index),
    spec: {
      parentRefs: [{ name: 'web' }],
      hostnames: [host],
      rules: paths.map((value) => ({
        matches: [{ path: { type: 'PathPrefix', value } }],
        backendRefs: [{ name: `s${index}`, port: 80, weight: 1 }],
      })),
    },
  }) as unknown as HTTPRoute
