import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/types.ts'
import { allOf, everybody, flowSchema, group } from './specs.ts'

/** What the server cannot be without, and lets nobody change (KEP 1040): a way for every request, and one that nothing holds up. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: flowSchema('exempt', 1, undefined, allOf(group('system:masters'))),
  'catch-all': flowSchema('catch-all', 10_000, 'ByUser', allOf(...everybody)),
}

/** The levels that those go to. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 } },
}
