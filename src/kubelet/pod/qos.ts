import type { Pod } from '#api/core/v1/pod.ts'
import { qosClassOf } from '#api/core/v1/pod-helpers.ts'
import type { PodQOSClass } from '#api/core/v1/types.ts'

/**
 * The pod's quality of service class (Kubernetes documentation, "Pod Quality of Service Classes"): as the API server fixed it, which never looks at
 * a static pod.
 */
export const qosClass = ({ status, spec }: Pod): PodQOSClass => status?.qosClass ?? qosClassOf(spec)
