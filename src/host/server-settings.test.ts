import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Config, defaultConfig, readConfig, writeConfig } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'settings-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'config.yaml')

function check(name: string, text: string, expected: Partial<Config> | RegExp): void {
  test(name, () => {
    writeFileSync(file, text)
    if (expected instanceof RegExp) assert.throws(() => readConfig(file), { code: 'Invalid', message: expected })
    else assert.deepEqual(readConfig(file), { ...defaultConfig(), ...expected })
  })
}

check('what is not named stays off', 'apiPort: 7443', { apiPort: 7443 })
check('who may ask', 'anonymous: none\nauthenticationConfig: /etc/authn.yaml\ntokenWebhookConfig: /etc/hook.yaml\n', {
  anonymous: 'none',
  authenticationConfig: '/etc/authn.yaml',
  tokenWebhookConfig: '/etc/hook.yaml',
})
check('plug-ins', 'enableAdmissionPlugins: [AlwaysPullImages]\ndisableAdmissionPlugins: []', {
  enableAdmissionPlugins: ['AlwaysPullImages'],
  disableAdmissionPlugins: [],
})
check('audit', 'auditPolicy: /p\nauditLog: /l\nauditLogMaxAgeDays: 30\nauditLogMaxBackups: 0\nauditLogMaxSizeMB: 5', {
  auditPolicy: '/p',
  auditLog: '/l',
  auditLogMaxAgeDays: 30,
  auditLogMaxBackups: 0,
  auditLogMaxSizeMB: 5,
})
check('what is to be on', 'featureGates: { ClusterTrustBundle: true }\nruntimeConfig:\n  certificates.k8s.io/v1beta1: true', {
  featureGates: { ClusterTrustBundle: true },
  runtimeConfig: { 'certificates.k8s.io/v1beta1': true },
})
check('gates that are none', 'featureGates: true', /config.yaml: featureGates must be a mapping of names to true or false/)
check('a gate that nobody knows', 'featureGates: { Foo: true }', /config.yaml: featureGates names the unrecognized feature gate Foo/)
check(
  'a version that nobody has',
  'runtimeConfig: { apps/v2: true }',
  /config.yaml: runtimeConfig names apps\/v2, which cannot be turned on or off/,
)
check('a setting that is none', 'anonymus: all', /there is no setting "anonymus"; known are nodeName, .*tracingConfig/)
check('strangers that are none', 'anonymous: some', /config.yaml: anonymous must be all, health or none, not "some"/)
check('a path that hangs on where one stands', 'tracingConfig: t.yaml', /tracingConfig must be the whole path of a file.*not "t.yaml"/)
check('one name instead of a list', 'enableAdmissionPlugins: X', /must be a list of names, such as \[AlwaysPullImages\], not "X"/)
check('a size of nothing', 'auditPolicy: /p\nauditLog: /l\nauditLogMaxSizeMB: 0', /must be a whole number from 1 on, not 0/)
check(
  'audit that goes nowhere',
  'auditPolicy: /p',
  /auditPolicy says which events are kept; .*auditLog or .*auditWebhookConfig has to say where/,
)
check('programs for passwords, and where they are', 'imageCredentialProviderConfig: /p.yaml\nimageCredentialProviderBinDir: /bin', {
  imageCredentialProviderConfig: '/p.yaml',
  imageCredentialProviderBinDir: '/bin',
})
const together = /imageCredentialProviderConfig and imageCredentialProviderBinDir need each other/
check('programs for passwords without their folder', 'imageCredentialProviderConfig: /p.yaml', together)
check('a folder of programs that nobody names', 'imageCredentialProviderBinDir: /bin', together)
check('audit of nothing', 'auditLog: /l', /auditPolicy has to say which/)

test('settings that are off are not written', () => {
  writeConfig(file, { ...defaultConfig(), anonymous: 'all' })
  assert.deepEqual(readConfig(file), { ...defaultConfig(), anonymous: 'all' })
})
