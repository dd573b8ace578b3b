/** Worlds for tests: objects as their users write them, and what becomes of a request by the model. */
import { parseAllDocuments } from 'yaml'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Condition } from '#api/meta/v1/types.ts'
import type { Action } from '../model/action.ts'
import { compareRoutes, prefixOf } from '../model/compare-routes.ts'
import type { Route } from '../model/route.ts'
import type { RouterModel } from '../model/router-model.ts'
import type { Translation } from '../router-part.ts'
import type { GatewayView } from './gateway-view.ts'
import { compareSpecificity, covers } from './hostnames.ts'
import { translateGateways } from './translate-gateways.ts'
import type { Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant, TLSRoute } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: documents of a test are whatever it writes
type Document = any

/** A time that tests pass on as now. */
export const now = '2026-01-02T03:04:05Z'

/** The world of these manifests (YAML). What has no time of creation is as old as its place: the first is the oldest. */
export function worldOf(manifests: string, settings: Partial<GatewayView> = {}): GatewayView {
  const documents: Document[] = parseAllDocuments(manifests, { logLevel: 'error' })
    .map((document) => (document as { toJS(): Document }).toJS())
    .filter((document) => document !== null)
    .map((document, i) => ({
      ...document,
      metadata: {
        uid: `uid-${i}`,
        generation: 1,
        resourceVersion: String(i + 1),
        creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString().replace('.000', ''),
        ...(document.kind !== 'GatewayClass' && document.kind !== 'Namespace' && { namespace: 'default' }),
        ...document.metadata,
      },
    }))
  const all = <T>(kind: string): T[] => documents.filter((document) => document.kind === kind)
  const find = <T>(kind: string, name: string, namespace: string): T | undefined =>
    all<Document>(kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  const classes = all<GatewayClass>('GatewayClass')
  return {
    classes: classes.length > 0 ? classes : [ownClass],
    gateways: all<Gateway>('Gateway'),
    httpRoutes: all<HTTPRoute>('HTTPRoute'),
    grpcRoutes: all<GRPCRoute>('GRPCRoute'),
    tlsRoutes: all<TLSRoute>('TLSRoute'),
    grants: all<ReferenceGrant>('ReferenceGrant'),
    service: (name, namespace) => find<Service>('Service', name, namespace),
    slices: (service, namespace) => sliceOf(find<Service>('Service', service, namespace)),
    secret: (name, namespace) => find<Secret>('Secret', name, namespace),
    namespaceLabels: (name) => all<Document>('Namespace').find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {},
    bundleVersions: ['v1.7.0'],
    addresses: ['192.0.2.1'],
    taken: new Map(),
    portProblem: () => undefined,
    refusals: new Map(),
    isServing: true,
    ...settings,
  }
}

const ownClass = {
  kind: 'GatewayClass',
  metadata: { name: 'wherry', generation: 1, resourceVersion: '1', uid: 'class', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { controllerName: 'wherry.dev/router' },
} as unknown as GatewayClass

/** One endpoint that is ready, for every port. */
function sliceOf(service: Document | undefined): readonly EndpointSlice[] {
  if (service === undefined) return []
  const ports = service.spec.ports.map(({ name, port, targetPort = port }: Document) => ({ name, port: targetPort, protocol: 'TCP' }))
  return [{ addressType: 'IPv4', ports, endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }] } as unknown as EndpointSlice]
}

/** What statuses come to, a line each: `Gateway default/web: Accepted True Accepted`; with everything applied as the server would. */
export function statusLines(world: GatewayView, translate?: (view: GatewayView) => Translation): readonly string[] {
  const lines: string[] = []
  for (const [subject, status] of statusesOf(world, translate)) {
    const say = (about: string, conditions: readonly Condition[] = []) => {
      for (const { type, status, reason } of conditions) lines.push(`${about}: ${type} ${status} ${reason}`)
    }
    say(subject, status.conditions)
    if (status.addresses) lines.push(`${subject}: addresses ${status.addresses.map(({ value }: Document) => value).join(' ')}`)
    for (const { name, conditions, attachedRoutes, supportedKinds } of status.listeners ?? []) {
      say(`${subject} ${name}`, conditions)
      lines.push(`${subject} ${name}: attached ${attachedRoutes}, kinds ${supportedKinds.map(({ kind }: Document) => kind).join(' ')}`)
    }
    for (const { parentRef, controllerName, conditions } of status.parents ?? [])
      say(`${subject} → ${parentRef.name}${controllerName === 'wherry.dev/router' ? '' : ` (${controllerName})`}`, conditions)
  }
  return lines
}

/** By kind and name: the status as it is after the commands. */
export function statusesOf(
  world: GatewayView,
  translate = (view: GatewayView): Translation => translateGateways(view, now),
): ReadonlyMap<string, Document> {
  const present: Document[] = [...world.classes, ...world.gateways, ...world.httpRoutes, ...world.grpcRoutes, ...world.tlsRoutes]
  const statuses = new Map(present.map((object) => [nameOf(object.kind, object.metadata), { ...object.status }]))
  for (const command of translate(world).commands)
    if (command.do === 'patch') {
      const subject = nameOf(command.kind.kind, command)
      statuses.set(subject, { ...statuses.get(subject), ...(command.body as Document).status })
    }
  return statuses
}

const nameOf = (kind: string, { namespace, name }: { readonly namespace?: string; readonly name: string }): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

export interface TestRequest {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
}

/** Which route of the model takes a request, by what the model's comments say; undefined: none, which is 404. */
export function routeOf({ listeners }: RouterModel, request: TestRequest): Route | undefined {
  const { port = 80, host = 'any.example' } = request
  const atPort = listeners.filter((listener) => listener.port === port)
  const fitting = atPort.filter(({ hostname }) => covers(hostname, host))
  const serving = fitting.filter(
    (one) => !fitting.some((other) => other.group === one.group && compareSpecificity(other.hostname, one.hostname) < 0),
  )
  return serving
    .flatMap(({ routes }) => routes)
    .filter((route) => covers(route.hostname, host) && isMatch(route, request))
    .sort((left, right) => compareSpecificity(left.hostname, right.hostname) || compareRoutes(left, right))[0]
}

function isMatch({ path, method, headers, queryParameters }: Route, request: TestRequest): boolean {
  const own = request.path ?? '/'
  const fits = (type: string, value: string, actual: string | undefined): boolean =>
    actual !== undefined && (type === 'Exact' ? actual === value : new RegExp(`^(?:${value})$`).test(actual))
  const prefix = prefixOf(path.value)
  return (
    (path.type === 'Prefix' ? own === prefix || own.startsWith(`${prefix}/`) : fits(path.type, path.value, own)) &&
    (method === undefined || method === (request.method ?? 'GET')) &&
    headers.every(({ name, type, value }) =>
      fits(type, value, Object.entries(request.headers ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]),
    ) &&
    queryParameters.every(({ name, type, value }) => fits(type, value, request.query?.[name]))
  )
}

/** In a word: `default/web:80`, `default/web:80 ×9, 500 ×1`, `redirect 302`, `500`, `404`. */
export function answerOf(model: RouterModel, request: TestRequest): string {
  const route = routeOf(model, request)
  return route === undefined ? '404' : describe(route.action)
}

function describe(action: Action): string {
  if (action.do === 'answer') return String(action.status)
  if (action.do === 'redirect') return `redirect ${action.status}`
  const { backends } = action
  if (backends.every(({ weight }) => weight === 0)) return '500'
  const to = backends.map((one) => (typeof one.to === 'string' ? one.to : String(one.to.status)))
  return backends.length === 1 ? to[0]! : to.map((name, i) => `${name} ×${backends[i]!.weight}`).join(', ')
}
