import { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import { same } from '#api/strategy.ts'
import type { Command } from '#loop/controller.ts'
import { createBackends } from '../backends.ts'
import { createMemory, sameList } from '../memory.ts'
import type { Redirect } from '../model/action.ts'
import { emptyModel, type RouterModel } from '../model/router-model.ts'
import type { BackendSource } from '../model/service-backend.ts'
import type { RouterView, Translation } from '../router-part.ts'
import { atOnce, isPause, type Steps } from '../turns.ts'
import { createIngressJoin } from './join-ingresses.ts'
import { type JudgedIngress, judgeIngress } from './judge-ingress.ts'
import { nameOf, ownIngresses } from './own-ingresses.ts'

/** All Ingresses and their classes. */
export interface IngressView {
  readonly ingresses: readonly Ingress[]
  readonly classes: readonly IngressClass[]
  readonly router: RouterView
}

/** On which ports Ingresses are served. */
export interface IngressPorts {
  readonly http: number
  readonly https: number
}

/**
 * What Ingresses (networking.k8s.io/v1) ask for, as listeners of one port without and one with TLS. A host is chosen first, then its longest path, an
 * exact one before a prefix. Where two Ingresses say something of the same host and path, the older one's word counts and the younger is told. What
 * no path of a host takes goes to the default backend of an Ingress that names the host, then to any other default backend; else it is 404.
 *
 * Each look remembers what it made of every Ingress, so that the next one works on what changed only.
 */
export function createIngressTranslator(ports: IngressPorts): (view: IngressView) => Steps<Translation> {
  const redirect: Redirect = { do: 'redirect', scheme: 'https', status: 308, ...(ports.https !== 443 && { port: ports.https }) }
  type Sources = Pick<RouterView, 'service' | 'secret'> & Record<string, (name: string, namespace: string) => unknown>
  const memory = createMemory<Ingress, Sources, JudgedIngress>(
    (ingress, sources) => judgeIngress(ingress, sources, redirect),
    isSameIngress,
  )
  const join = createIngressJoin(ports)
  const backendsOf = createBackends()
  let judged: readonly JudgedIngress[] | undefined
  let sources: readonly BackendSource[] = []
  let last: RouterModel | undefined
  let seen: { readonly ingresses: unknown; readonly classes: unknown; readonly own: readonly Ingress[] } | undefined

  return function* ({ ingresses, classes, router }) {
    if (seen?.ingresses !== ingresses || seen.classes !== classes) seen = { ingresses, classes, own: ownIngresses(ingresses, classes) }
    const { own } = seen
    const look = memory.look({
      service: (name, namespace) => router.service(name, namespace),
      secret: (name, namespace) => router.secret(name, namespace),
    })
    const all: JudgedIngress[] = []
    for (const ingress of own) if (isPause(all.push(look.of(ingress)))) yield
    look.end()
    const before = judged
    judged = sameList(judged, all)
    if (judged !== before) sources = judged.flatMap((one) => one.sources)
    if (own.length === 0) return { model: emptyModel, commands: [] }
    const { listeners, certificates, said } = yield* join(judged)
    const backends = yield* backendsOf(sources, router)
    if (last?.listeners !== listeners || last.backends !== backends) last = { listeners, backends, certificates }
    return { model: last, commands: [...statuses(own, ports, router), ...said.map(warning), ...refused(own, router)] }
  }
}

/** The same in one go, with nothing remembered. */
export const translateIngresses = ({ ports, ...view }: IngressView & { readonly ports: IngressPorts }): Translation =>
  atOnce(createIngressTranslator(ports)(view))

/** Something to be told at an Ingress. */
export interface Said {
  readonly ingress: Ingress
  readonly reason: string
  readonly message: string
}

const isSameIngress = (before: Ingress, now: Ingress): boolean =>
  before.metadata.creationTimestamp === now.metadata.creationTimestamp &&
  same(before.metadata.annotations, now.metadata.annotations) &&
  same(before.spec, now.spec)

function statuses(own: readonly Ingress[], ports: IngressPorts, router: RouterView): Command[] {
  const hasTls = own.some(isWithTls)
  const problems = [ports.http, ports.https].flatMap((port) => {
    const problem = router.portProblem(port)
    return problem === undefined ? [] : [{ port, message: `${problem}; it is tried again by itself` }]
  })
  const isOpen = (port: number): boolean => !problems.some((one) => one.port === port)
  const wanted = isOpen(ports.http) || (hasTls && isOpen(ports.https)) ? router.addresses : []
  const blocked = problems.flatMap(({ port, message }) =>
    own
      .filter((ingress) => port === ports.http || isWithTls(ingress))
      .map((ingress) => warning({ ingress, reason: 'PortUnavailable', message })),
  )
  return [...(router.isServing ? own.flatMap((ingress) => statusCommand(ingress, wanted)) : []), ...blocked]
}

const isWithTls = ({ spec }: Ingress): boolean => (spec.tls ?? []).length > 0

const nothing: readonly Command[] = []

/** Where clients reach it, once they do; nowhere, where no port of it can be listened to. */
function statusCommand(ingress: Ingress, wanted: readonly string[]): readonly Command[] {
  const present = ingress.status?.loadBalancer?.ingress ?? []
  if (present.length === wanted.length && wanted.every((ip, index) => present[index]!.ip === ip)) return nothing
  const { name, namespace } = ingress.metadata
  return [
    {
      do: 'patch',
      kind: Ingress,
      name,
      ...(namespace !== undefined && { namespace }),
      body: { status: { loadBalancer: { ingress: wanted.map((ip) => ({ ip })) } } },
      subresource: 'status',
    },
  ]
}

/** What the proxy's program does not take although nothing here has anything against it. */
function refused(own: readonly Ingress[], { refusals }: RouterView): readonly Command[] {
  if (refusals.size === 0) return []
  return own.flatMap((ingress) => {
    const { namespace } = ingress.metadata
    const ofRoutes = refusals.get(`ingress/${nameOf(ingress)}`)
    const ofSecrets = (ingress.spec.tls ?? []).flatMap(({ secretName }) => {
      const why = refusals.get(`certificate ${namespace}/${secretName}`)
      return why === undefined ? [] : [{ ingress, reason: 'InvalidCertificate', message: `Secret ${namespace}/${secretName}: ${why}` }]
    })
    return [...(ofRoutes === undefined ? [] : [{ ingress, reason: 'ProxyRefused', message: ofRoutes }]), ...ofSecrets].map(warning)
  })
}

const warning = ({ ingress, reason, message }: Said): Command => ({ do: 'event', regarding: ingress, type: 'Warning', reason, message })
