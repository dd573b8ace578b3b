import type { Condition } from '#api/meta/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Command } from '#loop/controller.ts'
import { mergeConditions, type Verdict } from './conditions.ts'
import { type ClassJudgement, classConditions } from './judge-classes.ts'
import { type GatewayJudgement, gatewayConditions, type ListenerJudgement, listenerConditions } from './judge-gateways.ts'
import { type RouteJudgement, routeConditions } from './judge-routes.ts'
import { controllerName, gatewayGroup } from './names.ts'
import { Gateway, GatewayClass, type GRPCRoute, type HTTPRoute, type ParentRef, type RouteParentStatus, type TLSRoute } from './types.ts'

/** The status of a class as it is to be; undefined: it is so. */
export function classStatus({ class: one, verdicts, features }: ClassJudgement, now: string): Command | undefined {
  const conditions = mergeConditions(one.status?.conditions, verdicts, { owned: classConditions, generation: generationOf(one), now })
  return patchOf(GatewayClass, one, one.status ?? {}, {
    conditions,
    ...(features && { supportedFeatures: features.map((name) => ({ name })) }),
  })
}

/** What is beside the verdicts in a Gateway's status. */
export interface ServingContext {
  readonly now: string
  /** Whether the proxy does what was decided. Until it does, `Programmed` is Unknown, but stays True where it was for the same generation. */
  readonly isServing: boolean
}

/** The status of a Gateway and its listeners as it is to be; undefined: it is so. */
export function gatewayStatus(
  { gateway, verdicts, addresses, listeners }: GatewayJudgement,
  attachedRoutes: (listener: Pick<ListenerJudgement, 'key'>) => number,
  { now, isServing }: ServingContext,
): Command | undefined {
  const { status = {} } = gateway
  const generation = generationOf(gateway)
  const merge = (previous: readonly Condition[] | undefined, next: readonly Verdict[], owned: ReadonlySet<string>) =>
    mergeConditions(previous, isServing ? next : next.map((verdict) => pending(verdict, previous, generation)), { owned, generation, now })
  return patchOf(Gateway, gateway, status, {
    addresses,
    conditions: merge(status.conditions, verdicts, gatewayConditions),
    listeners: listeners.map((judged) => ({
      name: judged.listener.name,
      supportedKinds: judged.supportedKinds,
      attachedRoutes: attachedRoutes(judged),
      conditions: merge(
        status.listeners?.find(({ name }) => name === judged.listener.name)?.conditions,
        judged.verdicts,
        listenerConditions,
      ),
    })),
  })
}

function pending(verdict: Verdict, previous: readonly Condition[] | undefined, generation: number): Verdict {
  if (verdict.type !== 'Programmed' || verdict.status !== 'True') return verdict
  const said = previous?.find(({ type }) => type === verdict.type)
  if (said?.status === 'True' && said.observedGeneration === generation) return verdict
  return { ...verdict, status: 'Unknown', reason: 'Pending', message: 'The proxy has not taken it over yet' }
}

/**
 * The status of a route as it is to be; undefined: it is so. Entries of other controllers stay as and where they are; ours for parents that are ours
 * no more go. `judged` absent: no parent is ours.
 */
export function routeStatus(
  kind: typeof HTTPRoute | typeof GRPCRoute | typeof TLSRoute,
  route: HTTPRoute | GRPCRoute | TLSRoute,
  judged: Pick<RouteJudgement, 'parents'> | undefined,
  now: string,
): Command | undefined {
  const previous = route.status?.parents ?? []
  const left = new Map((judged?.parents ?? []).map((parent) => [parentKey(parent.parentRef, route), parent]))
  const generation = generationOf(route)
  const parents: RouteParentStatus[] = []
  const told = (parentRef: ParentRef, verdicts: readonly Verdict[], before?: RouteParentStatus): RouteParentStatus => ({
    parentRef,
    controllerName,
    conditions: mergeConditions(before?.conditions, verdicts, { owned: routeConditions, generation, now }),
  })
  for (const entry of previous) {
    if (entry.controllerName !== controllerName) {
      parents.push(entry)
      continue
    }
    const key = parentKey(entry.parentRef, route)
    const parent = left.get(key)
    if (parent !== undefined) parents.push(told(parent.parentRef, parent.verdicts, entry))
    left.delete(key)
  }
  for (const { parentRef, verdicts } of left.values()) parents.push(told(parentRef, verdicts))
  return patchOf(kind, route, { parents: previous }, { parents: parents.slice(0, mostParents) })
}

/** As the definitions have it. */
const mostParents = 32

function parentKey(
  { group = gatewayGroup, kind = 'Gateway', namespace, name, sectionName, port }: ParentRef,
  route: HTTPRoute | GRPCRoute | TLSRoute,
): string {
  return [group, kind, namespace ?? route.metadata.namespace, name, sectionName ?? '', port ?? ''].join(' ')
}

const generationOf = ({ metadata }: { readonly metadata: { readonly generation?: number | undefined } }): number => metadata.generation ?? 0

/** Only what differs is written, and only over the version that was looked at: others write into the same lists. */
function patchOf(
  kind: typeof GatewayClass | typeof Gateway | typeof HTTPRoute | typeof GRPCRoute | typeof TLSRoute,
  { metadata }: GatewayClass | Gateway | HTTPRoute | GRPCRoute | TLSRoute,
  status: object,
  next: object,
): Command | undefined {
  const before = status as Readonly<Record<string, unknown>>
  const changed = Object.entries(next).filter(([name, value]) => !same(before[name] ?? [], value))
  if (changed.length === 0) return undefined
  return {
    do: 'patch',
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    subresource: 'status',
    resourceVersion: metadata.resourceVersion,
    body: { status: Object.fromEntries(changed) },
  }
}
