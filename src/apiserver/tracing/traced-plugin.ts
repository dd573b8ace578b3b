import type { AdmissionPlugin } from '../contract.ts'
import { inSpan } from './tracer.ts'

/** The same plug-in, as a span of the request that it is asked for. */
export function tracedPlugin(plugin: AdmissionPlugin): AdmissionPlugin {
  const { name, admit, validate } = plugin
  return {
    ...plugin,
    ...(admit !== undefined && { admit: (admission) => inSpan(`admission ${name}`, () => admit(admission)) }),
    ...(validate !== undefined && { validate: (admission) => inSpan(`admission ${name}`, () => validate(admission)) }),
  }
}
