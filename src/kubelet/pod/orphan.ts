import type { Pod } from '#api/core/v1/pod.ts'
import type { Container } from '../runtime.ts'
import { podNameLabel, podNamespaceLabel, terminationGracePeriodAnnotation } from './names.ts'
import { DEFAULT_GRACE_SECONDS } from './steps.ts'

/** A pod of which only traces are left, put together from them: enough to end it. */
export function orphanPod(uid: string, labels: Readonly<Record<string, string>>, containers: readonly Container[]): Pod {
  const grace = containers.map(({ annotations }) => Number(annotations[terminationGracePeriodAnnotation])).find((seconds) => seconds >= 0)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: labels[podNameLabel] ?? uid,
      namespace: labels[podNamespaceLabel] ?? 'default',
      uid,
      resourceVersion: '',
      creationTimestamp: '1970-01-01T00:00:00Z',
      deletionGracePeriodSeconds: grace ?? DEFAULT_GRACE_SECONDS,
    },
    spec: {
      containers: [],
      restartPolicy: 'Never',
      dnsPolicy: 'Default',
      schedulerName: '',
      securityContext: {},
      terminationGracePeriodSeconds: grace ?? DEFAULT_GRACE_SECONDS,
    },
    status: {},
  }
}
