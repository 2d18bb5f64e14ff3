const cluster = require("cluster");

if (cluster.isPrimary) {
  for (let i = 0; i < require("os").cpus().length; i++) {
    cluster.fork();
  }
} else {
  require("./server");
}
