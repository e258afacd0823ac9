// Unit tests stand beside their source, whole-system tests in test/. Compiled by swc, as ESM.
export default {
  testEnvironment: 'node',
  roots: [
    '<rootDir>/client',
    '<rootDir>/recipes',
    '<rootDir>/server',
    '<rootDir>/examples',
    '<rootDir>/test',
  ],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  maxWorkers: 2,
  // Modules of earlier files stay in a worker's heap; collecting it then halts the proxies of process tests.
  workerIdleMemoryLimit: '500MB',
  testTimeout: 30_000,
}
