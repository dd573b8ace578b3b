import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { type ConfigurationForms, readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { field, message, type Of, string } from '#schema/schema.ts'
import { forbidden, invalid } from '#schema/validate.ts'
import { parseYaml } from '#schema/yaml.ts'
import type { Kubeconfig } from '../../authentication/webhook/review-webhook.ts'
import type { ConfigurationMeans } from '../configuration/configuration-means.ts'
import { type CredentialsFor, credentialsByHost, type HookUser } from './credentials.ts'

/** `WebhookAdmissionConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const WebhookAdmission = message('apiserver.config.v1.WebhookAdmission', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  kubeConfigFile: field(1, string(), { always: true }),
  staticManifestsDir: field(2, string()),
})

const forms: ConfigurationForms['forms'] = [{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' }]

/** Who we are towards which webhook: by default nobody, since webhooks know us by where they are. Errors: `Invalid`. */
export function readWebhookCredentials(text: string | undefined, { readFile }: ConfigurationMeans): CredentialsFor | undefined {
  if (text === undefined) return undefined
  const config = readConfiguration(WebhookAdmission, 'WebhookAdmissionConfiguration', text, { forms }) as Of<typeof WebhookAdmission>
  const { kubeConfigFile, staticManifestsDir = '' } = config
  const causes: Cause[] = []
  if (kubeConfigFile !== '' && !kubeConfigFile.startsWith('/'))
    causes.push(invalid('kubeConfigFile', kubeConfigFile, 'must be an absolute file path'))
  else if (staticManifestsDir !== '')
    causes.push(
      forbidden('staticManifestsDir', 'staticManifestsDir requires the ManifestBasedAdmissionControlConfig feature gate to be enabled'),
    )
  refuseConfiguration(causes)
  if (kubeConfigFile === '') return undefined
  return readUsers(readFile(kubeConfigFile), (path) => readFile(path, kubeConfigFile))
}

function readUsers(text: string, read: (path: string) => string): CredentialsFor {
  const config = (parseYaml(text).value ?? {}) as Kubeconfig
  const users = new Map((config.users ?? []).map(({ name = '', user = {} }) => [name, user as HookUser]))
  for (const [name, user] of users)
    for (const unknown of ['exec', 'auth-provider'])
      if (unknown in user)
        throw new WherryError(
          'Invalid',
          `user ${JSON.stringify(name)} has ${unknown}, which is not supported: use a token, tokenFile or a certificate`,
        )
  const { context } = config.contexts?.find(({ name }) => name === config['current-context']) ?? {}
  return credentialsByHost(users, context?.user ?? '', read)
}
