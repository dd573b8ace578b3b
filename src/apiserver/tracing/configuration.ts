import { type ConfigurationForms, readConfiguration } from '#schema/read-configuration.ts'
import { readTracing, type TracingConfiguration } from '#schema/read-tracing.ts'
import { field, int32, message, type Of, string } from '#schema/schema.ts'

/** `TracingConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const File = message('apiserver.config.v1.TracingConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  endpoint: field(1, string(), { pointer: true }),
  samplingRatePerMillion: field(2, int32(), { pointer: true }),
})

const forms: ConfigurationForms['forms'] = [
  'apiserver.config.k8s.io/v1',
  'apiserver.config.k8s.io/v1beta1',
  'apiserver.k8s.io/v1alpha1',
].map((apiVersion) => ({ apiVersion, kind: 'TracingConfiguration' }))

/** Reads a file. Errors: `Invalid`, naming the field. */
export const parseTracingConfiguration = (text: string): TracingConfiguration =>
  readTracing(readConfiguration(File, 'TracingConfiguration', text, { forms }) as Of<typeof File>)
