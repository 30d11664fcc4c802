// Compiles DemoToken.sol with the pinned solc and writes DemoToken.json; with --check it only compares, so that
// the bytecode in the tree is proven to come from the source beside it.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");

const SOURCE = "DemoToken.sol";
const ARTEFACT = path.join(__dirname, "DemoToken.json");
// Paris has no PUSH0, so that the bytecode runs on every EVM chain that a test may stand in for.
const SETTINGS = { optimizer: { enabled: true, runs: 200 }, evmVersion: "paris" };

function compile() {
  const content = fs.readFileSync(path.join(__dirname, SOURCE), "utf8");
  const input = {
    language: "Solidity",
    sources: { [SOURCE]: { content } },
    settings: { ...SETTINGS, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const problems = output.errors || [];
  for (const problem of problems) process.stderr.write(problem.formattedMessage);
  if (problems.length) process.exit(1);
  const contract = output.contracts[SOURCE].DemoToken;
  const artefact = {
    contract: "DemoToken",
    source: SOURCE,
    compiler: solc.version(),
    settings: SETTINGS,
    abi: contract.abi,
    bytecode: "0x" + contract.evm.bytecode.object,
  };
  return JSON.stringify(artefact, null, 2) + "\n";
}

const made = compile();
if (process.argv.includes("--check")) {
  if (made !== fs.readFileSync(ARTEFACT, "utf8")) {
    console.error("DemoToken.json is not what solc makes of DemoToken.sol: run `npm run compile` and commit it.");
    process.exit(1);
  }
  console.log("DemoToken.json is what solc makes of DemoToken.sol.");
} else {
  fs.writeFileSync(ARTEFACT, made);
}
