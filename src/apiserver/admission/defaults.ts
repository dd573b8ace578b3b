import type { AdmissionPlugin } from '../contract.ts'
import { defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { defaultTolerationSeconds, type TolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { nodeDeclaredFeatureValidator, podResizeValidator } from './pod-resize-validator.ts'
import { type PodSecurityOptions, podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { runtimeClass } from './runtime-class.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

/** What of these plug-ins can be configured. Absent parts are as in a server without a configuration. */
export interface DefaultAdmissionOptions {
  readonly podSecurity?: PodSecurityOptions
  readonly tolerationSeconds?: TolerationSeconds | undefined
}

/** Plug-ins that are on unless turned off and need nothing but the objects. Put together with others by `inAdmissionOrder`. */
export const defaultAdmission = (options: DefaultAdmissionOptions = {}): readonly AdmissionPlugin[] => [
  namespaceLifecycle,
  limitRanger,
  podSecurity(options.podSecurity),
  taintNodesByCondition,
  priority,
  defaultTolerationSeconds(options.tolerationSeconds),
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  defaultIngressClass,
  podTopologyLabels,
  nodeDeclaredFeatureValidator,
  podResizeValidator,
]
