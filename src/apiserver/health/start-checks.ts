import type { Check } from './health.ts'

/**
 * What has to have happened once before a server is whole, in the reference's names and order; tools and people know them. Each stands for what
 * does here the same work:
 * - `served`: begun before the server answers anything, by the very calls that make the request path: the caches filled, definitions served,
 *   claims of addresses and ports read, APIServices followed;
 * - `bootstrapped`: the objects of a fresh cluster are there;
 * - `joined`: this server tells, by its Lease, that it is there and where, and stands for election; whoever leads keeps the `kubernetes` Service.
 */
const hooks = [
  ['poststarthook/start-apiserver-admission-initializer', 'served'],
  ['poststarthook/generic-apiserver-start-informers', 'served'],
  ['poststarthook/priority-and-fairness-config-consumer', 'served'],
  ['poststarthook/priority-and-fairness-filter', 'served'],
  ['poststarthook/storage-object-count-tracker-hook', 'served'],
  ['poststarthook/start-apiextensions-informers', 'served'],
  ['poststarthook/start-apiextensions-controllers', 'served'],
  ['poststarthook/crd-informer-synced', 'served'],
  ['poststarthook/start-system-namespaces-controller', 'bootstrapped'],
  ['poststarthook/peer-endpoint-reconciler-controller', 'joined'],
  ['poststarthook/start-cluster-authentication-info-controller', 'bootstrapped'],
  ['poststarthook/start-kube-apiserver-identity-lease-controller', 'joined'],
  ['poststarthook/start-kube-apiserver-identity-lease-garbage-collector', 'joined'],
  ['poststarthook/storage-readiness', 'served'],
  ['poststarthook/start-legacy-token-tracking-controller', 'bootstrapped'],
  ['poststarthook/start-service-ip-repair-controllers', 'served'],
  ['poststarthook/rbac/bootstrap-roles', 'bootstrapped'],
  ['poststarthook/scheduling/bootstrap-system-priority-classes', 'bootstrapped'],
  ['poststarthook/priority-and-fairness-config-producer', 'bootstrapped'],
  ['poststarthook/bootstrap-controller', 'joined'],
  ['poststarthook/start-kubernetes-service-cidr-controller', 'bootstrapped'],
  ['poststarthook/aggregator-reload-proxy-client-cert', 'served'],
  ['poststarthook/start-kube-aggregator-informers', 'served'],
  ['poststarthook/apiservice-status-local-available-controller', 'served'],
  ['poststarthook/apiservice-status-remote-available-controller', 'served'],
  ['poststarthook/apiservice-registration-controller', 'served'],
  ['poststarthook/apiservice-discovery-controller', 'served'],
  ['poststarthook/kube-apiserver-autoregistration', 'bootstrapped'],
  ['autoregister-completion', 'bootstrapped'],
  ['poststarthook/apiservice-openapi-controller', 'served'],
  ['poststarthook/apiservice-openapiv3-controller', 'served'],
] as const satisfies readonly (readonly [name: string, step: Step])[]

/** A step of a server's start. */
export type Step = 'served' | 'bootstrapped' | 'joined'

/** Which steps of its start a server has, and whether each is done. One that is absent is not part of it: then nor are its checks. */
export type Start = Readonly<Partial<Record<Step, () => boolean>>>

/** The checks of a start, in the reference's order. */
export const startChecks = (start: Start): Readonly<Record<string, Check>> =>
  Object.fromEntries(
    hooks.flatMap(([name, step]) => {
      const isDone = start[step]
      return isDone === undefined ? [] : [[name, async () => (isDone() ? undefined : { shown: 'not finished' })]]
    }),
  )
