import { Node } from '#api/core/v1/node.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { byService } from '../common/indexes.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { planServiceBalancer, type ServiceBalancerView } from './plan.ts'
import { type ReservedPort, sharingPorts } from './port-holders.ts'
import { mayBalance } from './serving-nodes.ts'
import { needsCleanup, wantsBalancer } from './wants.ts'

/**
 * The built-in load balancer: Services of type LoadBalancer get the addresses of nodes. `reserved`: ports of those addresses that the
 * cluster itself is served at.
 */
export function serviceBalancerController(reserved: readonly ReservedPort[]): Controller<ServiceBalancerView> {
  const told = createTold()
  return {
    name: 'service-controller',
    sources: [
      {
        kind: Service,
        keys: (service: Service, cache: Cache, previous: Service | undefined) => [
          ...(wantsBalancer(service) || needsCleanup(service) ? [keyOf(service)] : []),
          ...[service, previous].flatMap((state) =>
            state !== undefined && wantsBalancer(state) ? sharingPorts(state, cache.list(Service)).map(keyOf) : [],
          ),
        ],
      },
      {
        kind: Node,
        keys: (node: Node, cache: Cache, previous: Node | undefined) =>
          previous !== undefined && previous !== node && same(servingFacts(node), servingFacts(previous))
            ? []
            : cache.list(Service).filter(wantsBalancer).map(keyOf),
      },
      {
        kind: EndpointSlice,
        keys: ({ metadata }: EndpointSlice, cache: Cache) => {
          const name = metadata.labels?.['kubernetes.io/service-name']
          const service = name === undefined ? undefined : cache.get(Service, name, metadata.namespace)
          return service !== undefined && wantsBalancer(service) && staysLocal(service) ? [keyOf(service)] : []
        },
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const service = cache.get(Service, name, namespace)
      if (service === undefined) {
        told.forget(key)
        return undefined
      }
      const slices = staysLocal(service) ? cache.indexed(EndpointSlice, byService, key) : []
      return {
        key,
        now,
        service,
        nodes: cache.list(Node),
        localNodes: new Set(slices.flatMap(readyNodes)),
        others: sharingPorts(service, cache.list(Service)),
        reserved,
      }
    },
    plan: (view) => told.plan(view.key, planServiceBalancer(view), view.now),
  }
}

const staysLocal = ({ spec }: Service): boolean => spec.externalTrafficPolicy === 'Local'

/** Absent means ready (API: EndpointConditions). */
const readyNodes = ({ endpoints }: EndpointSlice): string[] =>
  (endpoints ?? []).flatMap(({ conditions, nodeName }) => ((conditions?.ready ?? true) && nodeName !== undefined ? [nodeName] : []))

const servingFacts = (node: Node) => ({ may: mayBalance(node), addresses: node.status.addresses })
