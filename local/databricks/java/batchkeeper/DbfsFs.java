package batchkeeper;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;

/** {@link Dbfs} under Hadoop's other interface, by which Delta renames its commits into place and streams their checkpoints. */
public class DbfsFs extends DelegateToFileSystem {
  /** As Hadoop makes it, for any URI of the scheme. */
  public DbfsFs(URI uri, Configuration conf) throws IOException, URISyntaxException {
    super(Dbfs.ROOT, new Dbfs(), conf, "dbfs", false);
  }

  @Override
  public int getUriDefaultPort() {
    return -1;
  }

  @Override
  public boolean isValidName(String name) {
    return true;
  }
}
