import type { AdmissionPlugin } from '../contract.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { priority } from './priority.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

/** Plug-ins that need nothing but the objects. Put together with others by `inAdmissionOrder`. */
export const defaultAdmission: readonly AdmissionPlugin[] = [namespaceLifecycle, taintNodesByCondition, priority, defaultTolerationSeconds]
