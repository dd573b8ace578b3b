import { localAvailability } from '#api/apiregistration/v1/availability.ts'

/**
 * The APIServices that stand for the groups that the API server itself serves, as Kubernetes v1.36 makes them: group, version, and the
 * priorities by which discovery orders groups and their versions.
 */
const priorities: readonly (readonly [group: string, version: string, groupPriority: number, versionPriority: number])[] = [
  ['', 'v1', 18_000, 1],
  ['admissionregistration.k8s.io', 'v1', 16_700, 15],
  ['apiextensions.k8s.io', 'v1', 16_700, 15],
  ['apps', 'v1', 17_800, 15],
  ['authentication.k8s.io', 'v1', 17_700, 15],
  ['authorization.k8s.io', 'v1', 17_600, 15],
  ['autoscaling', 'v1', 17_500, 15],
  ['autoscaling', 'v2', 17_500, 30],
  ['batch', 'v1', 17_400, 15],
  ['certificates.k8s.io', 'v1', 17_300, 15],
  ['coordination.k8s.io', 'v1', 16_500, 15],
  ['discovery.k8s.io', 'v1', 16_200, 15],
  ['events.k8s.io', 'v1', 17_750, 15],
  ['flowcontrol.apiserver.k8s.io', 'v1', 16_100, 21],
  ['networking.k8s.io', 'v1', 17_200, 15],
  ['node.k8s.io', 'v1', 16_300, 15],
  ['policy', 'v1', 17_100, 15],
  ['rbac.authorization.k8s.io', 'v1', 17_000, 15],
  ['resource.k8s.io', 'v1', 16_200, 21],
  ['scheduling.k8s.io', 'v1', 16_600, 15],
  ['storage.k8s.io', 'v1', 16_800, 15],
]

/** Those of versions that are served only where a configuration turns them on. */
const optionalPriorities: typeof priorities = [
  ['certificates.k8s.io', 'v1beta1', 17_300, 9],
  ['storagemigration.k8s.io', 'v1beta1', 15_800, 9],
]

const service = ([group, version, groupPriorityMinimum, versionPriority]: (typeof priorities)[number]) => ({
  metadata: { name: `${version}.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
  spec: { ...(group !== '' && { group }), version, groupPriorityMinimum, versionPriority },
})

/** The APIServices themselves, without a status. */
export const localServices = priorities.map(service)
/** The same of versions that have to be turned on. */
export const optionalLocalServices = optionalPriorities.map(service)

/** What is always true of them; since when is `now`, RFC 3339. */
export const localServiceStatus = (now: string) => ({
  conditions: [
    {
      type: 'Available',
      lastTransitionTime: now,
      ...localAvailability,
    },
  ],
})
