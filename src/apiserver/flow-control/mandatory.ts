import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '#api/flowcontrol/v1/mandatory.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1/types.ts'

/** The mandatory objects as they are used where nobody has stored them: without uid, so answers name none. */
export const mandatoryLevels: readonly PriorityLevelConfiguration[] = Object.entries(mandatoryPriorityLevels).map(
  ([name, spec]) => ({ metadata: { name }, spec, status: {} }) as PriorityLevelConfiguration,
)

const schemaNamed = (name: string): FlowSchema => ({ metadata: { name }, spec: mandatoryFlowSchemas[name], status: {} }) as FlowSchema
/** Hold even where their objects are missing: one tried before all others, one after them. */
export const mandatorySchemas: readonly [exempt: FlowSchema, catchAll: FlowSchema] = [schemaNamed('exempt'), schemaNamed('catch-all')]
