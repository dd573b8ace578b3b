import { dropDisabledProjections } from '#api/core/v1/disabled-projections.ts'
import { podColumns } from '#api/core/v1/pod-columns.ts'
import { initialPodStatus, mergeLabelKeys, takeAppArmorAnnotations } from '#api/core/v1/pod-create.ts'
import { defaultPod } from '#api/core/v1/pod-defaults.ts'
import { isTerminalPhase } from '#api/core/v1/pod-helpers.ts'
import { podEphemeralContainers, podResize, podStatus } from '#api/core/v1/pod-parts.ts'
import { nameWarnings, podWarnings } from '#api/core/v1/pod-warnings.ts'
import * as types from '#api/core/v1/types.ts'
import { validatePodCreate, validatePodUpdate } from '#api/core/v1/validation/pod.ts'
import { kind } from '#api/kind.ts'
import { Eviction as EvictionType } from '#api/policy/v1/types.ts'
import { keepStatus } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

const connectVerbs = ['create', 'delete', 'get', 'patch', 'update'] as const

export const Pod = kind(
  types.Pod,
  {
    group: '',
    version: 'v1',
    kind: 'Pod',
    plural: 'pods',
    singular: 'pod',
    shortNames: ['po'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: podColumns,
    subresources: {
      attach: {
        sort: 'connect',
        verbs: ['create', 'get'],
        handler: 'podAttach',
        kindGV: ['', 'v1', 'PodAttachOptions'],
        options: types.PodAttachOptions,
      },
      binding: { sort: 'action', verbs: ['create'], type: types.Binding, handler: 'podBinding', kindGV: ['', 'v1', 'Binding'] },
      ephemeralcontainers: podEphemeralContainers,
      eviction: {
        sort: 'action',
        verbs: ['create'],
        type: EvictionType,
        handler: 'podEviction',
        kindGV: ['policy', 'v1', 'Eviction'],
        // As clients write it that were made before v1.22.
        alsoRead: ['policy/v1beta1'],
      },
      exec: {
        sort: 'connect',
        verbs: ['create', 'get'],
        handler: 'podExec',
        kindGV: ['', 'v1', 'PodExecOptions'],
        options: types.PodExecOptions,
      },
      log: { sort: 'connect', verbs: ['get'], handler: 'podLog', options: types.PodLogOptions },
      portforward: {
        sort: 'connect',
        verbs: ['create', 'get'],
        handler: 'podPortForward',
        kindGV: ['', 'v1', 'PodPortForwardOptions'],
        options: types.PodPortForwardOptions,
      },
      proxy: {
        sort: 'connect',
        verbs: connectVerbs,
        handler: 'podProxy',
        kindGV: ['', 'v1', 'PodProxyOptions'],
        options: types.PodProxyOptions,
      },
      resize: podResize,
      status: podStatus,
    },
  },
  {
    defaults: (pod) => withParts(pod, defaultPod(pod.spec), syncPodIPs(pod.status)),
    dropDisabled: (next, previous, features) => ({ ...next, spec: dropDisabledProjections(next.spec, previous?.spec, features) }),
    prepareCreate: (pod, { now, warn }) => ({
      ...pod,
      spec: takeAppArmorAnnotations(mergeLabelKeys(pod.spec, pod.metadata.labels ?? {}), pod.metadata.annotations, warn),
      status: initialPodStatus(pod.spec, now),
    }),
    prepareUpdate: keepStatus,
    validate: validatePodCreate,
    checksMetadata: 'whole',
    validateUpdate: validatePodUpdate,
    resetFields: { status: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']] },
    ownedFields: {
      ephemeralcontainers: [['spec', 'ephemeralContainers']],
      resize: ['containers', 'initContainers'].flatMap((list) => [
        ['spec', list, '*', 'resources'],
        ['spec', list, '*', 'resizePolicy'],
      ]),
    },
    // Those who change a pod are programs, and what may change has no warnings.
    warnings: (pod, previous) => (previous === undefined ? [...nameWarnings(pod.metadata.name, 'pod'), ...podWarnings(pod)] : []),
    generation: true,
    gracePeriodSeconds: (pod, requested) => {
      // Nothing runs yet, or nothing any more: there is nobody to wait for.
      if (!pod.spec.nodeName || isTerminalPhase(pod.status.phase)) return 0
      const period = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0
      return period < 0 ? 1 : period
    },
    selectableFields: {
      'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
      'spec.host': (pod) => pod.spec.nodeName ?? '',
      'spec.restartPolicy': (pod) => pod.spec.restartPolicy,
      'spec.schedulerName': (pod) => pod.spec.schedulerName,
      'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
      'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
      'status.phase': (pod) => pod.status.phase ?? '',
      'status.podIP': (pod) => pod.status.podIPs?.[0]?.ip ?? '',
      // Known to the reference, but never filled in: it equals only the empty text.
      'status.podIPs': () => '',
      'status.nominatedNodeName': (pod) => pod.status.nominatedNodeName ?? '',
    },
  },
)
export type Pod = Of<typeof Pod>

/** `podIP` and the first of `podIPs` are one fact; where they differ, the older field wins. */
/** The very same pod where both parts are its own. */
const withParts = <P extends { readonly spec: types.PodSpec; readonly status: types.PodStatus }>(
  pod: P,
  spec: types.PodSpec,
  status: types.PodStatus,
): P => (spec === pod.spec && status === pod.status ? pod : { ...pod, spec, status })

function syncPodIPs(status: types.PodStatus): types.PodStatus {
  const { podIP, podIPs } = status ?? {}
  if (podIP && podIP !== podIPs?.[0]?.ip) return { ...status, podIPs: [{ ip: podIP }] }
  if (!podIP && podIPs?.[0]?.ip) return { ...status, podIP: podIPs[0].ip }
  return status
}
