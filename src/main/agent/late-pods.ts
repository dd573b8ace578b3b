import type { PodLookup } from '#kubelet/interfaces.ts'

/** The pods of a kubelet that is still to be made: its parts need them, and it needs its parts. */
export const latePods = (pods: () => PodLookup): PodLookup => ({
  list: () => pods().list(),
  get: (namespace, name) => pods().get(namespace, name),
  byUid: (uid) => pods().byUid(uid),
  isComplete: () => pods().isComplete?.() ?? true,
  onChange: (listener) => pods().onChange(listener),
  killPod: (uid, how) => pods().killPod(uid, how),
})
