import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { isError } from '#lib/errors.ts'
import type { Admission, Attributes } from '../contract.ts'
import { anyAuthorizer, mastersAuthorizer } from './authorize.ts'
import { escalationCheck } from './escalation.ts'
import { forbiddenMessage } from './forbidden.ts'
import { createRbac } from './rbac.ts'
import { compact, describeRule, ruleAllows, uncovered } from './rule.ts'
import { asking, memoryObjects } from './testing/memory-objects.ts'

const rule = (verbs: string, groups: string, resources: string, names = '') => ({
  verbs: verbs.split(' '),
  apiGroups: groups.split(' '),
  resources: resources.split(' '),
  ...(names && { resourceNames: names.split(' ') }),
})
const bind = (kind: 'Role' | 'ClusterRole', name: string, subject: object) => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [subject],
})

test('which rule allows what', () => {
  const check = (given: ReturnType<typeof rule>, part: Partial<Attributes>, expected: boolean) =>
    assert.equal(ruleAllows(given, asking('u', part)), expected, JSON.stringify([given, part]))
  check(rule('get', '', 'pods'), { resource: 'pods' }, true)
  check(rule('get', '', 'pods'), { resource: 'pods', verb: 'list' }, false)
  check(rule('get', '', 'pods'), { resource: 'pods', group: 'apps' }, false)
  check(rule('get', '', 'pods'), { resource: 'pods', subresource: 'log' }, false)
  check(rule('get', '', 'pods/log'), { resource: 'pods', subresource: 'log' }, true)
  check(rule('get', '', 'pods/log'), { resource: 'pods' }, false)
  check(rule('*', '*', '*'), { resource: 'pods', subresource: 'exec', verb: 'create', group: 'x' }, true)
  check(rule('get', 'apps', '*/scale'), { resource: 'deployments', subresource: 'scale', group: 'apps' }, true)
  check(rule('get', 'apps', '*/scale'), { resource: 'deployments', group: 'apps' }, false)
  check(rule('get', 'apps', 'deployments/*'), { resource: 'deployments', subresource: 'scale', group: 'apps' }, false)
  check(rule('get', '', 'secrets', 'a b'), { resource: 'secrets', name: 'b' }, true)
  check(rule('get', '', 'secrets', 'a b'), { resource: 'secrets', name: 'c' }, false)
  check(rule('get', '', 'secrets', '*'), { resource: 'secrets', name: 'c' }, false)
  check(rule('list', '', 'secrets', 'a'), { resource: 'secrets', verb: 'list' }, false)
  const urls = { verbs: ['get'], nonResourceURLs: ['/metrics', '/custom/*'] }
  for (const [path, expected] of Object.entries({
    '/metrics': true,
    '/metrics/x': false,
    '/custom/': true,
    '/custom/x/y': true,
    '/custom': false,
  }))
    assert.equal(ruleAllows(urls, asking('u', { isResource: false, path })), expected, path)
  assert.equal(ruleAllows(rule('*', '*', '*'), asking('u', { isResource: false, path: '/metrics' })), false)
  assert.equal(ruleAllows({ verbs: ['*'], nonResourceURLs: ['*'] }, asking('u', { resource: 'pods' })), false)
})

test('who is bound to what, and why', async () => {
  const objects = memoryObjects()
  objects.put(ClusterRole, { metadata: { name: 'reader' }, rules: [rule('get', '', 'pods')] })
  objects.put(Role, { metadata: { name: 'local', namespace: 'd' }, rules: [rule('list', '', 'pods')] })
  objects.put(ClusterRoleBinding, { metadata: { name: 'all' }, ...bind('ClusterRole', 'reader', { kind: 'Group', name: 'dev' }) })
  objects.put(RoleBinding, { metadata: { name: 'b', namespace: 'd' }, ...bind('ClusterRole', 'reader', { kind: 'User', name: 'jane' }) })
  objects.put(RoleBinding, { metadata: { name: 'robot', namespace: 'd' }, ...bind('Role', 'local', { kind: 'ServiceAccount', name: 'r' }) })
  objects.put(RoleBinding, { metadata: { name: 'gone', namespace: 'd' }, ...bind('Role', 'none', { kind: 'User', name: 'bob' }) })
  const rbac = createRbac(objects)
  const check = async (user: Attributes['user'], part: Partial<Attributes>, allowed: boolean, reason: string) =>
    assert.deepEqual(await rbac.authorize(asking(user, { resource: 'pods', ...part })), { allowed, reason })
  const user = (name: string, ...groups: string[]) => ({ name, groups })
  await check(user('x', 'dev'), {}, true, 'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to Group "dev"')
  await check(
    user('x', 'dev'),
    { namespace: 'e' },
    true,
    'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to Group "dev"',
  )
  await check(user('dev'), {}, false, '')
  await check(user('jane'), { namespace: 'd' }, true, 'RBAC: allowed by RoleBinding "b/d" of ClusterRole "reader" to User "jane"')
  await check(user('jane'), { namespace: 'e' }, false, '')
  await check(user('jane'), {}, false, '')
  const robot = user('system:serviceaccount:d:r')
  await check(
    robot,
    { namespace: 'd', verb: 'list' },
    true,
    'RBAC: allowed by RoleBinding "robot/d" of Role "local" to ServiceAccount "r/d"',
  )
  await check(user('system:serviceaccount:e:r'), { namespace: 'd', verb: 'list' }, false, '')
  await check(user('bob'), { namespace: 'd' }, false, 'RBAC: role.rbac.authorization.k8s.io "none" not found')
  // What was granted is gone as soon as its binding is, and given as soon as its role is there.
  objects.remove(RoleBinding, 'b', 'd')
  await check(user('jane'), { namespace: 'd' }, false, '')
  objects.put(Role, { metadata: { name: 'none', namespace: 'd' }, rules: [rule('*', '*', '*')] })
  await check(user('bob'), { namespace: 'd' }, true, 'RBAC: allowed by RoleBinding "gone/d" of Role "none" to User "bob"')
  objects.put(ClusterRole, { metadata: { name: 'reader' }, rules: [] })
  await check(user('x', 'dev'), {}, false, '')
  rbac.close()
})

test('masters pass, and reasons add up', async () => {
  const no = (reason: string) => async () => ({ allowed: false, reason })
  const authorize = anyAuthorizer(mastersAuthorizer, no('a'), no(''), no('b'))
  assert.deepEqual(await authorize(asking('u', {})), { allowed: false, reason: 'a\nb' })
  assert.deepEqual(await authorize(asking({ name: 'u', groups: ['system:masters'] }, {})), { allowed: true, reason: '' })
  assert.deepEqual(await authorize(asking({ name: 'system:masters', groups: [] }, {})), { allowed: false, reason: 'a\nb' })
})

test('texts of refusals', () => {
  const check = (part: Partial<Attributes>, reason: string, text: string) => assert.equal(forbiddenMessage(asking('x', part), reason), text)
  check(
    { verb: 'list', resource: 'pods', namespace: 'd' },
    '',
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "d"',
  )
  check(
    { group: 'apps', resource: 'deployments', subresource: 'scale', name: 'a' },
    'why',
    'deployments.apps "a" is forbidden: User "x" cannot get resource "deployments/scale" in API group "apps" at the cluster scope: why',
  )
  check({ isResource: false, path: '/logs' }, '', 'forbidden: User "x" cannot get path "/logs"')
  check({ isResource: false, path: '/<b>' }, '', 'forbidden: User "x" cannot get path "/&lt;b&gt;"')
})

test('covering', () => {
  const check = (owned: object[], wanted: object[], missing: string[]) =>
    assert.deepEqual(compact(uncovered(owned as never, wanted as never)).map(describeRule), missing)
  check([rule('*', '*', '*')], [rule('get list', '', 'pods secrets')], [])
  check([rule('get', '', 'pods')], [rule('get list', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}'])
  check([rule('get', '', 'pods', 'a')], [rule('get', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'])
  check([rule('get', '', 'pods')], [rule('get', '', 'pods', 'a')], [])
  check([rule('get', '', '*/scale')], [rule('get', '', 'x/scale')], [])
  check([rule('get', '', 'pods')], [rule('*', '*', '*')], ['{APIGroups:["*"], Resources:["*"], Verbs:["*"]}'])
  check([rule('*', '*', '*')], [{ verbs: ['get'], nonResourceURLs: ['/x'] }], ['{NonResourceURLs:["/x"], Verbs:["get"]}'])
  check([{ verbs: ['get'], nonResourceURLs: ['/x/*'] }], [{ verbs: ['get'], nonResourceURLs: ['/x/y'] }], [])
})

test('nobody gives away what they do not hold', async () => {
  const objects = memoryObjects()
  objects.put(Role, { metadata: { name: 'own', namespace: 'd' }, rules: [rule('get', '', 'pods')] })
  objects.put(RoleBinding, { metadata: { name: 'own', namespace: 'd' }, ...bind('Role', 'own', { kind: 'User', name: 'jane' }) })
  objects.put(ClusterRole, { metadata: { name: 'admin' }, rules: [rule('*', '*', '*')] })
  const rbac = createRbac(objects)
  const plugin = escalationCheck(rbac, rbac.authorize)
  const write = (
    kind: typeof Role | typeof RoleBinding | typeof ClusterRole,
    object: object,
    previous?: object,
    user: Attributes['user'] = { name: 'jane', groups: ['dev'] },
  ) =>
    plugin.admit!({
      attributes: asking(user, {
        verb: 'create',
        group: kind.group,
        resource: kind.plural,
        namespace: kind.scope === 'Namespaced' ? 'd' : '',
        name: 'x',
      }),
      operation: previous === undefined ? 'CREATE' : 'UPDATE',
      kind,
      object,
      previous,
    } as unknown as Admission)
  const refused = (run: Promise<unknown>, message: string) =>
    assert.rejects(run, (error) => isError(error, 'Forbidden') && error.message === message, message)
  const grant = 'user "jane" (groups=["dev"]) is attempting to grant RBAC permissions not currently held:\n'
  const meta = { name: 'x', namespace: 'd' }
  await write(Role, { metadata: meta, rules: [rule('get', '', 'pods', 'a')] })
  await refused(
    write(Role, { metadata: meta, rules: [rule('get delete', '', 'secrets pods')] }),
    `roles.rbac.authorization.k8s.io "x" is forbidden: ${grant}{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}`,
  )
  await write(RoleBinding, { metadata: meta, ...bind('Role', 'own', { kind: 'User', name: 'bob' }) })
  await refused(
    write(RoleBinding, { metadata: meta, ...bind('ClusterRole', 'admin', { kind: 'User', name: 'jane' }) }),
    `rolebindings.rbac.authorization.k8s.io "x" is forbidden: ${grant}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}`,
  )
  await assert.rejects(
    write(RoleBinding, { metadata: meta, ...bind('Role', 'none', {}) }),
    (error) => isError(error, 'NotFound') && error.message === 'rolebindings.rbac.authorization.k8s.io "none" not found',
  )
  for (const name of ['lost', 'gone']) {
    objects.put(RoleBinding, { metadata: { name, namespace: 'd' }, ...bind('Role', name, { kind: 'User', name: 'jim' }) })
    const absent = (role: string) => `roles.rbac.authorization.k8s.io "${role}" not found`
    const errors = name === 'lost' ? absent('lost') : `[${absent('gone')}, ${absent('lost')}]`
    await refused(
      write(Role, { metadata: meta, rules: [rule('get', '', 'pods')] }, undefined, { name: 'jim', groups: [] }),
      `roles.rbac.authorization.k8s.io "x" is forbidden: user "jim" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}; resolution errors: [${errors}]`,
    )
  }
  await refused(
    write(ClusterRole, { metadata: { name: 'x' }, rules: [], aggregationRule: { clusterRoleSelectors: [{}] } }),
    'clusterroles.rbac.authorization.k8s.io "x" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  )
  await write(Role, { metadata: meta, rules: [rule('*', '*', '*')] }, undefined, { name: 'root', groups: ['system:masters'] })
  // The garbage collector may take off a finalizer, but nothing else under that cover.
  const strong = { metadata: { ...meta, finalizers: ['a'] }, rules: [rule('*', '*', '*')] }
  await write(Role, { ...strong, metadata: meta }, strong)
  await assert.rejects(write(Role, { ...strong, metadata: { ...meta, labels: { a: 'b' } } }, strong), (error) =>
    isError(error, 'Forbidden'),
  )
  // The verbs escalate and bind let through.
  objects.put(Role, {
    metadata: { name: 'own', namespace: 'd' },
    rules: [rule('escalate', 'rbac.authorization.k8s.io', 'roles'), rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'admin')],
  })
  await write(Role, { metadata: meta, rules: [rule('*', '*', '*')] })
  await write(RoleBinding, { metadata: meta, ...bind('ClusterRole', 'admin', { kind: 'User', name: 'jane' }) })
})
