// The arrows of the house (docs/architecture.md). Doors, config, resources, services and app may import anything below.
// Tests stand beside the code, and may reach for whatever they need.
const test = '[.]test[.]ts$'
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    forbid('no-circular', 'A cycle has no bottom.', {}, { circular: true }),
    forbid(
      'lib-is-a-leaf',
      'lib/ knows nothing of ours.',
      { path: '^src/lib/', pathNot: test },
      { path: '^(src|tools|test|readiness)/', pathNot: '^src/lib/' },
    ),
    forbid(
      'db-knows-lib-only',
      'db/ imports lib/ and npm.',
      { path: '^src/db/', pathNot: test },
      { path: '^(src|tools|test|readiness)/', pathNot: '^src/(db|lib)/' },
    ),
    forbid(
      'plugins-get-options',
      'What a plugin needs arrives as its options: never modules or db.',
      { path: '^src/plugins/', pathNot: test },
      { path: '^(src|tools|test|readiness)/', pathNot: '^src/(plugins|lib)/' },
    ),
    forbid(
      'modules-keep-to-themselves',
      'A module imports its own folder, db/ and lib/; of another module only the service, and only as a type.',
      { path: '^src/modules/([^/]+)/', pathNot: test },
      {
        path: '^(src|tools|test|readiness)/',
        pathNot: ['^src/(db|lib)/', '^src/modules/$1/'],
        dependencyTypesNot: ['type-only'],
      },
    ),
    forbid(
      'modules-share-services-only',
      'The type of another module is that of its service.',
      { path: '^src/modules/([^/]+)/', pathNot: test },
      { path: '^src/', pathNot: ['^src/(db|lib)/', '^src/modules/$1/', '[.]service[.]ts$'] },
    ),
    forbid(
      'sql-lives-in-repositories',
      'Only *.repository.ts touches SQL, tables or drizzle.',
      { path: '^src/modules/', pathNot: '[.](repository|test)[.]ts$' },
      { path: ['^src/db/(tables|drizzle|statement)[.]ts$', 'node_modules/(drizzle-orm|pg)/'] },
    ),
    forbid(
      'rules-know-no-http',
      'Services and repositories never see fastify.',
      { path: '[.](service|repository)[.]ts$' },
      { path: 'node_modules/(fastify|@fastify)' },
    ),
    forbid(
      'src-stands-alone',
      'The service imports neither its tools nor its tests.',
      { path: '^src/', pathNot: test },
      { path: '^(tools|test|bench|readiness)/' },
    ),
    forbid(
      'readiness-looks-from-outside',
      'What a probe knows of the service, it has seen: the runner imports nothing of it.',
      { path: '^readiness/' },
      { path: '^(src|test)/' },
    ),
    forbid(
      'production-needs-no-dev-dependency',
      'What the image lacks may not be imported.',
      { path: '^src/', pathNot: test },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    forbid('nothing-unresolved', 'An import that leads nowhere hides the rest.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types', 'default'],
    },
  },
}
