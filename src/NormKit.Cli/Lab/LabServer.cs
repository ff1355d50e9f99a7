using System.Net;
using System.Net.Sockets;

namespace NormKit.Cli.Lab;

/// <summary>An HTTP server for the files of one folder, on the loopback address only. It sends the compressed file beside a file where the browser takes it.</summary>
internal sealed class LabServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Dictionary<string, string> files;
    private readonly string authority;
    private long bytesSent;

    /// <summary>Starts to serve.</summary>
    /// <param name="folder">The folder. It serves the files that are there now, each by its relative path, and no other.</param>
    /// <param name="port">The port; null for a free one.</param>
    /// <exception cref="HttpListenerException">The port cannot be used.</exception>
    public LabServer(string folder, int? port = null)
    {
        // A request is looked up here and never becomes a path, so that none leads out of the folder.
        files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(file => "/" + Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'), StringComparer.Ordinal);
        authority = $"{IPAddress.Loopback}:{port ?? FreePort()}";
        listener.Prefixes.Add($"{Origin}/");
        listener.Start();
        _ = Task.Run(Serve);
    }

    /// <summary>Gets the address of the page, without a slash at its end.</summary>
    public string Origin => $"http://{authority}";

    /// <summary>Gets the number of bytes of all bodies sent so far.</summary>
    public long BytesSent => Interlocked.Read(ref bytesSent);

    public void Dispose() => listener.Close();

    private async Task Serve()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            _ = Task.Run(() => Answer(context));
        }
    }

    private void Answer(HttpListenerContext context)
    {
        try
        {
            using HttpListenerResponse response = context.Response;
            Send(context.Request, response);
        }
        catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The browser has gone away, or the server is closed.
        }
    }

    private void Send(HttpListenerRequest request, HttpListenerResponse response)
    {
        response.ContentLength64 = 0;
        // A page of another site whose name was made to point here (DNS rebinding) asks by that name.
        if (!request.IsLocal || request.Headers["Host"] != authority)
        {
            response.StatusCode = (int)HttpStatusCode.BadRequest;
            return;
        }
        if (request.HttpMethod is not ("GET" or "HEAD"))
        {
            response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
            response.Headers["Allow"] = "GET, HEAD";
            return;
        }
        string path = Uri.UnescapeDataString(request.Url!.AbsolutePath);
        path = path.EndsWith('/') ? path + "index.html" : path;
        if (!files.TryGetValue(path, out string? file))
        {
            response.StatusCode = (int)HttpStatusCode.NotFound;
            return;
        }
        response.ContentType = MediaType(Path.GetExtension(path));
        response.Headers["Cache-Control"] = "no-cache";
        response.Headers["Vary"] = "Accept-Encoding";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        if (files.TryGetValue(path + ".br", out string? compressed) && TakesBrotli(request))
        {
            response.Headers["Content-Encoding"] = "br";
            file = compressed;
        }
        byte[] content = File.ReadAllBytes(file);
        response.ContentLength64 = content.Length;
        if (request.HttpMethod == "HEAD")
            return;
        response.OutputStream.Write(content);
        Interlocked.Add(ref bytesSent, content.Length);
    }

    private static bool TakesBrotli(HttpListenerRequest request) => (request.Headers["Accept-Encoding"] ?? "").Split(',', StringSplitOptions.TrimEntries).Contains("br");

    private static string MediaType(string extension) => extension switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".wasm" => "application/wasm",
        _ => "application/octet-stream",
    };

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
