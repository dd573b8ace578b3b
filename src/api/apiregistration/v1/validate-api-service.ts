import type { APIService } from '#api/apiregistration/v1/types.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { checkDns1035Label, checkDns1123Subdomain, checkPortNumber, invalid, invalidEach, required } from '#schema/validate.ts'

/** What is wrong with a group version's registration, its metadata's name among it: that follows from the spec. */
export function validateApiService({ metadata, spec }: APIService): Cause[] {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec
  const wanted = `${version}.${group}`
  const nameCauses = (field: string, name: string | undefined): Cause[] =>
    !name || name === wanted || checkPathSegment(name).length > 0
      ? []
      : [invalid(field, name, `must be \`spec.version+"."+spec.group\`: ${quote(wanted)}`)]
  const causes = [...nameCauses('metadata.generateName', metadata.generateName), ...nameCauses('metadata.name', metadata.name)]
  if (group === '' && version !== 'v1') causes.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  if (group !== '') causes.push(...invalidEach('spec.group', group, checkDns1123Subdomain(group)))
  causes.push(...invalidEach('spec.version', version, checkDns1035Label(version)))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    causes.push(invalid('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${GROUP_PRIORITY_MAX}`))
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    causes.push(invalid('spec.versionPriority', versionPriority, `must be positive and less than ${VERSION_PRIORITY_MAX}`))
  return [...causes, ...validateBackend(spec)]
}

function validateBackend({ service, caBundle = '', insecureSkipTLSVerify: isInsecure = false }: APIService['spec']): Cause[] {
  const causes: Cause[] = []
  if (service === undefined) {
    if (caBundle !== '') {
      const size = `${Buffer.from(caBundle, 'base64').length} bytes`
      causes.push(invalid('spec.caBundle', size, 'local APIServices may not have a caBundle'))
    }
    if (isInsecure) causes.push(invalid('spec.insecureSkipTLSVerify', isInsecure, 'local APIServices may not have insecureSkipTLSVerify'))
    return causes
  }
  if (!service.namespace) causes.push(required('spec.service.namespace'))
  if (!service.name) causes.push(required('spec.service.name'))
  const portProblems = checkPortNumber(service.port)
  if (portProblems.length > 0) causes.push(invalid('spec.service.port', service.port, `port is not valid: ${portProblems.join(', ')}`))
  if (isInsecure && caBundle !== '')
    causes.push(invalid('spec.insecureSkipTLSVerify', isInsecure, 'may not be true if caBundle is present'))
  return causes
}

const GROUP_PRIORITY_MAX = 20_000
const VERSION_PRIORITY_MAX = 1_000
