import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ServerSettings } from '#host/server-settings.ts'
import { readServerFiles } from './server-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'server-files-'))
after(() => rmSync(folder, { recursive: true }))

let written = 0
const file = (text: string): string => {
  const path = join(folder, `${(written += 1)}.yaml`)
  writeFileSync(path, text)
  return path
}

const kubeconfig = file(`
current-context: c
contexts: [{ name: c, context: { cluster: there, user: me } }]
clusters: [{ name: there, cluster: { server: "https://hook.example:8443/x" } }]
users: [{ name: me, user: { token: t } }]
`)
const policy = file('{ apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{ level: Metadata }] }')
const log = join(folder, 'audit.log')

test('nothing named, nothing chosen', () => {
  const { readFile: _, admissionPlugins, ...files } = readServerFiles({})
  const { PodSecurity, ...others } = admissionPlugins!.configurations!
  assert.equal(PodSecurity!.defaults.enforce.level, 'privileged')
  assert.deepEqual([others.EventRateLimit, others.ValidatingAdmissionWebhook, others.ResourceQuota], [undefined, undefined, []])
  assert.deepEqual(
    Object.values(files).filter((one) => one !== undefined),
    [],
  )
})

test('audit goes where it is to go', () => {
  const settings = { auditPolicy: policy, auditLog: log, auditLogMaxAgeDays: 2, auditLogMaxSizeMB: 1, auditWebhookConfig: kubeconfig }
  const { audit } = readServerFiles(settings)
  assert.ok(existsSync(log))
  const { files: _, ...chosen } = audit!.log!
  assert.deepEqual(chosen, { path: log, maxBackups: 10, maxSizeBytes: 1_048_576, maxAgeMs: 172_800_000 })
  assert.equal(audit!.webhook!.url, 'https://hook.example:8443/x')
  assert.equal(audit!.webhook!.connection!.bearerToken, 't')
})

const absent = join(folder, 'absent')
refused('a file that is not there', { tracingConfig: absent }, /^tracingConfig: \S+absent cannot be used: ENOENT/)
refused('a scheduler of another kind', { schedulerConfig: policy }, /^schedulerConfig: .*use kind "KubeSchedulerConfiguration"/)
refused(
  'an extender whose authority is not there',
  { schedulerConfig: scheduler(`extenders: [{ urlPrefix: "https://there", filterVerb: f, tlsConfig: { caFile: ${absent} } }]`) },
  /^schedulerConfig: .*ENOENT/,
)
refused('tracing of another kind', { tracingConfig: policy }, /^tracingConfig: .*use kind "TracingConfiguration"/)
refused('a policy of another kind', { auditPolicy: kubeconfig, auditLog: log }, /^auditPolicy: .*kind: Unsupported value/)
refused('a log without a folder', { auditPolicy: policy, auditLog: join(absent, 'a.log') }, /^auditLog: .*cannot be used: ENOENT/)
refused('an audit webhook that is none', { auditPolicy: policy, auditWebhookConfig: policy }, /^auditWebhookConfig: .*no context/)
refused('a token webhook that is none', { tokenWebhookConfig: policy }, /^tokenWebhookConfig: .*no context/)
refused(
  'an issuer without a URL',
  { authenticationConfig: authentication('jwt: [{ issuer: { audiences: [a] } }]') },
  /^authenticationConfig: .*jwt\[0\]\.issuer\.url/,
)
refused('what is no YAML', { authorizationConfig: file('{') }, /^authorizationConfig: .*is not YAML/)
refused('no authorizer', { authorizationConfig: authorization('[]') }, /at least one authorization mode must be defined/)
refused(
  'an authorizer whose kubeconfig is not there',
  { authorizationConfig: authorization(webhook(absent)) },
  /^authorizationConfig: .*ENOENT/,
)

test('an authorizer whose kubeconfig is there', () => {
  const { authorizationConfiguration } = readServerFiles({ authorizationConfig: authorization(webhook(kubeconfig)) })
  assert.match(authorizationConfiguration!.text, /Webhook/)
})

function scheduler(more: string): string {
  return file(`{ apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, ${more} }`)
}

function refused(name: string, settings: ServerSettings, message: RegExp): void {
  test(name, () => assert.throws(() => readServerFiles(settings), { code: 'Invalid', message }))
}

function authentication(rest: string): string {
  return file(`apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n${rest}\n`)
}

function authorization(authorizers: string): string {
  return file(`apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: ${authorizers}\n`)
}

function webhook(path: string): string {
  const connection = `connectionInfo: { type: KubeConfigFile, kubeConfigFile: ${path} }`
  const rest = 'authorizedTTL: 5m, unauthorizedTTL: 30s, subjectAccessReviewVersion: v1, matchConditionSubjectAccessReviewVersion: v1'
  return `[{ type: Webhook, name: hook, webhook: { timeout: 3s, failurePolicy: Deny, ${rest}, ${connection} } }]`
}
