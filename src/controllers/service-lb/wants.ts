import type { Service } from '#api/core/v1/service.ts'

export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'
/** The class by which a Service asks for this balancer by name; without one it is the default. */
export const balancerClass = 'wherry.dev/nodes'

/** Whether the Service is to be reached at the nodes' addresses. One of another class is somebody else's. */
export const wantsBalancer = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && (spec.loadBalancerClass === undefined || spec.loadBalancerClass === balancerClass)

/** Whether something is left to be undone: what it had is not wanted any more. */
export const needsCleanup = (service: Service): boolean =>
  hasFinalizer(service) &&
  (service.spec.type !== 'LoadBalancer' || (wantsBalancer(service) && service.metadata.deletionTimestamp !== undefined))

export const hasFinalizer = ({ metadata }: Service): boolean => metadata.finalizers?.includes(cleanupFinalizer) ?? false

export const ingressOf = ({ status }: Service) => status.loadBalancer?.ingress ?? []
