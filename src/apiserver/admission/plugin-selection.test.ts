import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionOrder } from './order.ts'
import { selectPlugins } from './plugin-selection.ts'

/** Those of the reference v1.36, as its `--help` lists them. */
const reference = {
  on: `CertificateApproval CertificateSigning CertificateSubjectRestriction ClusterTrustBundleAttest DefaultIngressClass DefaultStorageClass
    DefaultTolerationSeconds JobValidation LimitRanger MutatingAdmissionPolicy MutatingAdmissionWebhook NamespaceLifecycle
    NodeDeclaredFeatureValidator PersistentVolumeClaimResize PodGroupProtection PodGroupWorkloadExists PodResizeValidator PodSecurity
    PodTopologyLabels Priority ResourceQuota RuntimeClass ServiceAccount StorageObjectInUseProtection TaintNodesByCondition
    ValidatingAdmissionPolicy ValidatingAdmissionWebhook`.split(/\s+/),
  off: `AlwaysAdmit AlwaysDeny AlwaysPullImages DenyServiceExternalIPs EventRateLimit ExtendedResourceToleration ImagePolicyWebhook
    LimitPodHardAntiAffinityTopology NamespaceAutoProvision NamespaceExists NodeRestriction OwnerReferencesPermissionEnforcement
    PodNodeSelector PodTolerationRestriction`.split(/\s+/),
}

test('every plug-in of the reference has a place, and no other has', () => {
  assert.deepEqual(admissionOrder.toSorted(), [...reference.on, ...reference.off].sort())
})

test('what is on by default, and nodes are held to their own', () => {
  const isOn = selectPlugins({})
  assert.deepEqual(admissionOrder.filter(isOn).sort(), [...reference.on, 'NodeRestriction'].sort())
})

test('each can be turned on and off', () => {
  for (const name of admissionOrder) {
    assert.equal(selectPlugins({ enabled: [name, name] })(name), true)
    assert.equal(selectPlugins({ disabled: [name] })(name), false)
  }
})

check(
  ['Foo', 'Bar', 'LimitRanger'],
  ['Baz', 'LimitRanger'],
  [
    '[enable-admission-plugins plugin "Foo" is unknown, enable-admission-plugins plugin "Bar" is unknown, ',
    'disable-admission-plugins plugin "Baz" is unknown, ',
    '[LimitRanger] in enable-admission-plugins and disable-admission-plugins overlapped]; there are AlwaysAdmit, AlwaysDeny, ',
  ],
)
check(
  ['Priority', 'LimitRanger'],
  ['LimitRanger', 'Priority'],
  ['[LimitRanger Priority] in enable-admission-plugins and disable-admission-plugins overlapped'],
)
check([''], [], ['enable-admission-plugins plugin "" is unknown; there are '])

function check(enabled: readonly string[], disabled: readonly string[], texts: readonly string[]): void {
  test(`refused: ${enabled} but not ${disabled}`, () =>
    assert.throws(
      () => selectPlugins({ enabled, disabled }),
      ({ message }: Error) => {
        assert.ok(message.startsWith(texts.join('')), message)
        return true
      },
    ))
}
