import type { Node } from '#api/core/v1/node.ts'
import { Service } from '#api/core/v1/service.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, settled } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { portConflict, type ReservedPort } from './port-holders.ts'
import { balancerAddresses, mayBalance } from './serving-nodes.ts'
import { cleanupFinalizer, hasFinalizer, ingressOf, needsCleanup, wantsBalancer } from './wants.ts'

export interface ServiceBalancerView {
  readonly key: string
  readonly now: Instant
  readonly service: Service
  readonly nodes: readonly Node[]
  /** Nodes on which an endpoint of the Service is ready. Only gathered where traffic stays on the node that it came to. */
  readonly localNodes: ReadonlySet<string>
  /** Other Services that want a port that it wants. */
  readonly others: readonly Service[]
  readonly reserved: readonly ReservedPort[]
}

/** Makes a Service reachable at the nodes: they forward what comes to their addresses at the Service's ports. */
export function planServiceBalancer(view: ServiceBalancerView): RemarkedPlan {
  const { service } = view
  if (needsCleanup(service)) return cleanup(service)
  if (!wantsBalancer(service) || service.metadata.deletionTimestamp !== undefined) return settled
  const conflict = portConflict(service, view.others, view.reserved)
  const addresses = conflict === undefined ? addressesFor(view) : []
  const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }))
  const isNew = !hasFinalizer(service)
  const moved = !same(ingressOf(service), ingress)
  const remarks: Remark[] = isNew ? [tell(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer')] : []
  if (conflict !== undefined)
    remarks.push(
      tell(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: failed to ensure load balancer: ${conflict}`),
    )
  else if (addresses.length === 0)
    remarks.push(tell(service, 'Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer'))
  if (!isNew && !moved) return { ...settled, remarks }

  // One write for both: what is to be undone is never without the finalizer that waits for it.
  const body = {
    ...(isNew && { metadata: { finalizers: [...(service.metadata.finalizers ?? []), cleanupFinalizer] } }),
    ...(moved && { status: { loadBalancer: { ingress: ingress.length === 0 ? null : ingress } } }),
  }
  const commands: Command[] = [patchSeen(Service, service, body, 'status')]
  if (conflict === undefined) {
    if (isNew) commands.push(tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer'))
    else if (addresses.length > 0) commands.push(tell(service, 'Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts'))
  }
  return { commands, wakeAt: Infinity, remarks }
}

function addressesFor({ service, nodes, localNodes }: ServiceBalancerView): readonly string[] {
  const staysLocal = service.spec.externalTrafficPolicy === 'Local'
  const serving = nodes.filter((node) => mayBalance(node) && (!staysLocal || localNodes.has(node.metadata.name)))
  return balancerAddresses(
    service,
    serving,
    ingressOf(service).map(({ ip }) => ip ?? ''),
  )
}

function cleanup(service: Service): RemarkedPlan {
  const finalizers = (service.metadata.finalizers ?? []).filter((one) => one !== cleanupFinalizer)
  const body = {
    metadata: { finalizers: finalizers.length === 0 ? null : finalizers },
    ...(ingressOf(service).length > 0 && { status: { loadBalancer: { ingress: null } } }),
  }
  return {
    commands: [
      tell(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer'),
      patchSeen(Service, service, body, 'status'),
      tell(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer'),
    ],
    wakeAt: Infinity,
  }
}

type Remark = Extract<Command, { do: 'event' }>

const tell = (regarding: Service, type: 'Normal' | 'Warning', reason: string, message: string): Remark => ({
  do: 'event',
  regarding,
  type,
  reason,
  message,
})
