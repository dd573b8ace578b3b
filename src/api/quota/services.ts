import type { Service } from '#api/core/v1/service.ts'
import { quantityOf } from '#lib/quantity.ts'
import { countName, one, type QuotaEvaluator } from './quota.ts'

const names: ReadonlySet<string> = new Set([countName('services'), 'services', 'services.nodeports', 'services.loadbalancers'])

/** A Service's type may change, and with it what it takes of node ports and load balancers. */
export const serviceQuota: QuotaEvaluator = {
  resource: 'services',
  matching: (wanted) => wanted.filter((name) => names.has(name)),
  handles: ({ subresource }) => subresource === '',
  usage: (object) => {
    const { spec } = object as unknown as Service
    const ports = spec.ports ?? []
    const isBalanced = spec.type === 'LoadBalancer'
    // Ports are not yet given out: what counts is that they will be.
    const taken =
      isBalanced && spec.allocateLoadBalancerNodePorts === false
        ? ports.filter(({ nodePort }) => (nodePort ?? 0) !== 0).length
        : isBalanced || spec.type === 'NodePort'
          ? ports.length
          : 0
    return {
      [countName('services')]: one,
      services: one,
      'services.loadbalancers': quantityOf(isBalanced ? 1 : 0),
      'services.nodeports': quantityOf(taken),
    }
  },
}
