import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectPlugins } from '../plugin-selection.ts'
import { noConfiguration, readAdmissionConfiguration } from './admission-configuration.ts'
import { type PluginConfigurations, readPluginConfigurations } from './plugin-configurations.ts'

const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n'
const kubeconfig = `
current-context: c
contexts: [{ name: c, context: { cluster: there, user: me } }]
clusters: [{ name: there, cluster: { server: "https://judge.example/x", certificate-authority: ca.pem } }]
users: [{ name: me, user: { token: t } }]
`
const files: Readonly<Record<string, string>> = {
  '/k': kubeconfig,
  'ca.pem beside /k': 'CA',
  'server.yaml': 'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{ type: Server, qps: 1, burst: 2 }]',
  'empty.yaml': '',
  'broken.yaml': 'a: [',
}
const readFile = (path: string, from?: string): string => {
  const text = files[from === undefined ? path : `${path} beside ${from}`]
  if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`)
  return text
}

/** What the plug-ins are told by a file, with these turned on. */
const read = (text: string | undefined, ...enabled: readonly string[]): PluginConfigurations =>
  readPluginConfigurations(selectPlugins({ enabled }), text === undefined ? noConfiguration : readAdmissionConfiguration(text, readFile), {
    readFile,
  })

const inline = (name: string, configuration: string): string => `${head}plugins: [{ name: ${name}, configuration: ${configuration} }]`
const events = (limits: string) =>
  inline('EventRateLimit', `{ apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limits: ${limits} }`)
const podSecurity = (rest: string, version = 'v1') =>
  inline('PodSecurity', `{ apiVersion: pod-security.admission.config.k8s.io/${version}, kind: PodSecurityConfiguration, ${rest} }`)
const images = (rest: string) => inline('ImagePolicyWebhook', `{ imagePolicy: { ${rest} } }`)
const webhook = (rest: string, name = 'ValidatingAdmissionWebhook') =>
  inline(name, `{ apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, ${rest} }`)
const quota = (limited: string) =>
  inline('ResourceQuota', `{ apiVersion: apiserver.config.k8s.io/v1, kind: ResourceQuotaConfiguration, limitedResources: ${limited} }`)
const tolerations = (rest: string) =>
  inline('PodTolerationRestriction', `{ apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1, kind: Configuration, ${rest} }`)

// --- What is refused, as the reference refuses it --------------------------------------------------------------------------------------

checkRefused('what is no YAML', '{', [], 'the AdmissionConfiguration is not YAML: yaml: ')
checkRefused('another kind', head.replace('Admission', 'Tracing'), [], 'no kind "TracingConfiguration" is registered')
checkRefused('another version', head.replace('/v1', '/v2'), [], 'is registered for version "apiserver.config.k8s.io/v2"')
checkRefused('nothing', '', [], 'no kind "undefined"')
checkRefused('an unknown field', `${head}pluginz: []`, [], 'strict decoding error: unknown field "pluginz"')
checkRefused('one in a list', `${head}plugins: [{ pathh: a }]`, [], 'unknown field "plugins[0].pathh"')
checkRefused('a field twice', `${head}plugins: []\nplugins: []`, [], 'line 4: key "plugins" already set in map')
checkRefused('another type', `${head}plugins: {}`, [], 'cannot unmarshal object into Go struct field')

const of = (name: string, why: string) => `couldn't init admission plugin "${name}": ${why}`
const eventsAre = (why: string) => of('EventRateLimit', why)
checkRefused('events without limits', undefined, ['EventRateLimit'], eventsAre('limits: Invalid value: null: must not be empty'))
checkRefused('a configuration that is null', inline('EventRateLimit', 'null'), ['EventRateLimit'], eventsAre('limits: Invalid value: null'))
checkRefused('a text', inline('EventRateLimit', 'abc'), ['EventRateLimit'], eventsAre('no kind "undefined"'))
checkRefused(
  'all that is wrong with a limit',
  events('[{ type: Foo, qps: 0, burst: -1, cacheSize: -2 }]'),
  ['EventRateLimit'],
  eventsAre(
    '[limits[0].type: Unsupported value: "Foo": supported values: "Server", "Namespace", "User", "SourceAndObject", ' +
      'limits[0].burst: Invalid value: -1: must be positive, limits[0].qps: Invalid value: 0: must be positive, ' +
      'limits[0].cacheSize: Invalid value: -2: must not be negative]',
  ),
)
checkRefused(
  'a path to nothing',
  `${head}plugins: [{ name: EventRateLimit, path: nowhere }]`,
  ['EventRateLimit'],
  eventsAre('the file nowhere cannot be read'),
)
checkRefused(
  'what lies there is no YAML',
  `${head}plugins: [{ name: PodSecurity, path: broken.yaml }]`,
  [],
  of('PodSecurity', 'the PodSecurity'),
)

checkRefused(
  'bad levels and versions',
  podSecurity('defaults: { enforce: x, enforce-version: v2, audit: "y", warn: z, warn-version: q }'),
  [],
  of(
    'PodSecurity',
    'PodSecurity configuration error: [enforce: must be one of privileged, baseline, restricted, enforce-version: must be "latest" or "v1.x", ' +
      'audit: must be one of privileged, baseline, restricted, warn: must be one of privileged, baseline, restricted, ' +
      'warn-version: must be "latest" or "v1.x"]',
  ),
)
checkRefused(
  'bad exemptions',
  podSecurity('exemptions: { usernames: ["", a, a], namespaces: [A, b, b], runtimeClasses: [_, c, c] }'),
  [],
  'exemptions.namespaces[2]: Duplicate value: "b", exemptions.runtimeClasses[0]: Invalid value: "_": a lowercase RFC 1123 subdomain',
)
checkRefused(
  'an empty user',
  podSecurity('exemptions: { usernames: [""] }'),
  [],
  'exemptions.usernames[0]: Invalid value: "": username must not be empty',
)
checkRefused('an unknown field of PodSecurity', podSecurity('foo: 1'), [], of('PodSecurity', 'strict decoding error: unknown field "foo"'))

const imagesAre = (why: string) => of('ImagePolicyWebhook', why)
checkRefused('images without a judge', undefined, ['ImagePolicyWebhook'], imagesAre('no config specified'))
checkRefused('a judge without a place', images(''), ['ImagePolicyWebhook'], imagesAre('imagePolicy.kubeConfigFile is missing'))
checkRefused('a kubeconfig that is not there', images('kubeConfigFile: /no'), ['ImagePolicyWebhook'], 'no such file or directory')
for (const [what, why] of [
  ['allowTTL: 2000', 'imagePolicy.allowTTL: valid value is between 1s and 30m0s, got 33m20s'],
  ['denyTTL: -5', 'imagePolicy.denyTTL: valid value is between 1s and 30m0s, got -5s'],
  ['retryBackoff: 400000', 'imagePolicy.retryBackoff: valid value is between 1ns and 5m0s, got 6m40s'],
  ['allowTTL: 5m', 'cannot unmarshal string'],
] as const)
  checkRefused(what, images(`kubeConfigFile: /k, ${what}`), ['ImagePolicyWebhook'], why)

checkRefused(
  'bad tolerations',
  tolerations('default: [{ key: k, operator: Foo }], whitelist: [{ operator: Equal }]'),
  ['PodTolerationRestriction'],
  'invalid config: [podtolerationrestriction.default[0].operator: Unsupported value: "Foo": supported values: "Equal", "Exists" podtolerationrestriction.whitelist[0].operator: Invalid value: "Equal"',
)
checkRefused(
  'limited resources without a name',
  quota('[{ apiGroup: a }, { resource: "" }]'),
  [],
  of('ResourceQuota', '[limitedResources[0].resource: Required value, limitedResources[1].resource: Required value]'),
)
checkRefused('a relative kubeconfig', webhook('kubeConfigFile: a'), [], 'kubeConfigFile: Invalid value: "a": must be an absolute file path')
checkRefused(
  'static manifests',
  webhook('staticManifestsDir: /a', 'MutatingAdmissionWebhook'),
  [],
  of('MutatingAdmissionWebhook', 'staticManifestsDir: Forbidden: '),
)
checkRefused(
  'node selectors that are none',
  inline('PodNodeSelector', '{ podNodeSelectorPluginConfig: [] }'),
  ['PodNodeSelector'],
  'cannot unmarshal array',
)

// --- What is understood ----------------------------------------------------------------------------------------------------------------

const limits = [{ type: 'Server', qps: 1, burst: 2 }]
checkRead('limits beside the file', `${head}plugins: [{ name: EventRateLimit, path: server.yaml }]`, 'EventRateLimit', limits)
checkRead(
  'the first of two, and what stands in the file',
  `${events('[{ type: User, qps: 3, burst: 4, foo: bar }]').slice(0, -2)}, path: nowhere }, { name: EventRateLimit, path: nowhere }]`,
  'EventRateLimit',
  [{ type: 'User', qps: 3, burst: 4 }],
)
checkRead(
  'the older form',
  events('[{ type: Server, qps: 1, burst: 2 }]').replace('apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'),
  'EventRateLimit',
  limits,
)
checkRead('a file of node selectors by itself', 'podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: a=b }', 'PodNodeSelector', {
  clusterDefaultNodeSelector: 'a=b',
})
const connection = { url: 'https://judge.example/x', caBundle: 'CA', bearerToken: 't' }
checkRead(
  'a file of images by itself',
  'imagePolicy: { kubeConfigFile: /k, allowTTL: -1, denyTTL: 60, retryBackoff: 1, defaultAllow: true }',
  'ImagePolicyWebhook',
  {
    connection,
    allowTtlMs: 0,
    denyTtlMs: 60_000,
    retryBackoffMs: 1,
    defaultAllow: true,
  },
)
checkRead('what goes without saying of images', images('kubeConfigFile: /k'), 'ImagePolicyWebhook', {
  connection,
  allowTtlMs: 300_000,
  denyTtlMs: 30_000,
  retryBackoffMs: 500,
  defaultAllow: false,
})
const latest = (level: string) => ({ level, version: 'latest' })
for (const version of ['v1', 'v1beta1', 'v1alpha1'])
  checkRead(
    `PodSecurity in ${version}`,
    podSecurity('defaults: { enforce: baseline, enforce-version: v1.25 }, exemptions: { usernames: [a] }', version),
    'PodSecurity',
    {
      defaults: { enforce: { level: 'baseline', version: 25 }, audit: latest('privileged'), warn: latest('privileged') },
      exemptions: { usernames: ['a'] },
    },
  )
checkRead('an empty file is none', `${head}plugins: [{ name: PodSecurity, path: empty.yaml }]`, 'PodSecurity', {
  defaults: { enforce: latest('privileged'), audit: latest('privileged'), warn: latest('privileged') },
  exemptions: {},
})
checkRead('tolerations', tolerations('default: [{ key: k, operator: Exists }]'), 'PodTolerationRestriction', {
  default: [{ key: 'k', operator: 'Exists' }],
})
checkRead('limited resources', quota('[{ resource: pods, matchContains: [cpu] }]'), 'ResourceQuota', [
  { resource: 'pods', matchContains: ['cpu'] },
])
checkRead('webhooks that know us by nothing', undefined, 'MutatingAdmissionWebhook', undefined)

test('who does not run is not read', () => {
  const { EventRateLimit } = read(events('[]'))
  assert.equal(EventRateLimit, undefined)
  const isOn = selectPlugins({ disabled: ['PodSecurity'] })
  readPluginConfigurations(isOn, readAdmissionConfiguration(podSecurity('foo: bar'), readFile), { readFile })
})

function checkRefused(name: string, text: string | undefined, enabled: readonly string[], why: string): void {
  test(`refused: ${name}`, () =>
    assert.throws(
      () => read(text, ...enabled),
      (error: Error & { readonly code?: string }) => {
        assert.ok(error.code === 'Invalid' && error.message.includes(why), error.message)
        return true
      },
    ))
}

function checkRead(name: string, text: string | undefined, plugin: keyof PluginConfigurations, want: unknown): void {
  test(name, () => assert.deepEqual(read(text, plugin)[plugin], want))
}
